/// Learning from a teacher: beside the student, captured before, or on the student's own texts.
@NullMarked
package org.jtorch.distill;

import org.jspecify.annotations.NullMarked;
