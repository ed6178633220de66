/// Families: one file of presets and names each, over shared parts; and Hugging Face folders in and out.
@NullMarked
package org.jtorch.family;

import org.jspecify.annotations.NullMarked;
