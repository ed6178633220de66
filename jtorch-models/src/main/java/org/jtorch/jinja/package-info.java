/// Jinja2 as chat templates use it, interpreted strictly: [org.jtorch.jinja.Template].
@NullMarked
package org.jtorch.jinja;

import org.jspecify.annotations.NullMarked;
