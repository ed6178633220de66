/// What `jtorch doctor` looks at: the machine, the JVM, libtorch, its speed, and what CUDA needs; and what to do about
/// what is missing or slow ([org.jtorch.recipes.doctor.Doctor]).
@NullMarked
package org.jtorch.recipes.doctor;

import org.jspecify.annotations.NullMarked;
