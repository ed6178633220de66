package org.jtorch.jinja;

import java.time.Clock;
import org.jtorch.jinja.python.Limits;

/// What a rendering depends on beside its variables.
///
/// @param clock what `strftime_now` shows, in its zone
/// @param generationBegins written before what a `{% generation %}` block holds
/// @param generationEnds written behind it
/// @param limits how much the template may do
public record RenderOptions(Clock clock, String generationBegins, String generationEnds, Limits limits) {
  /// The clock of this machine, no marks.
  public static final RenderOptions DEFAULT = new RenderOptions(Clock.systemDefaultZone(), "", "", Limits.DEFAULT);

  public RenderOptions withClock(Clock other) {
    return new RenderOptions(other, generationBegins, generationEnds, limits);
  }

  public RenderOptions withMarks(String begins, String ends) {
    return new RenderOptions(clock, begins, ends, limits);
  }

  public RenderOptions withLimits(Limits other) {
    return new RenderOptions(clock, generationBegins, generationEnds, other);
  }
}
