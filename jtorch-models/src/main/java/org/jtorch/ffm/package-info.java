/// java.lang.foreign, and nothing of JavaCPP: mapped files, the C library, libtorch's stable C ABI.
///
/// Everything here works on addresses and segments; `org.jtorch.tensor` gives them a life time.
@NullMarked
package org.jtorch.ffm;

import org.jspecify.annotations.NullMarked;
