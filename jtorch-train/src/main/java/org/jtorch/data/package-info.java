/// From text to batches: documents out of files, token files mapped into memory, packing, and an order of rows that can
/// be entered at any step. Pure Java, no tensors.
@NullMarked
package org.jtorch.data;

import org.jspecify.annotations.NullMarked;
