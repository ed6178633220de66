/// Several processes that train one model: who they are ([org.jtorch.tensor.ranks.Ranks]) and what they sum.
///
/// Uses c10d, PyTorch's own collectives, through JavaCPP; see docs/decisions/013-ranks.md.
@NullMarked
package org.jtorch.tensor.ranks;

import org.jspecify.annotations.NullMarked;
