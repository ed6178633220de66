/// What a finished or running training run shows to people and to monitoring: one self-contained HTML page, one picture
/// for a README, and a `/metrics` address for Prometheus.
///
/// The charts are inline SVG drawn here, without a charting library: the small ones for Java paint through AWT or load
/// JavaScript from the network, and a report must open from a mail or an archive years later, follow the reader's light
/// or dark setting and need neither a display nor a connection. Five line charts need one class for axes and one for lines.
@NullMarked
package org.jtorch.recipes.report;

import org.jspecify.annotations.NullMarked;
