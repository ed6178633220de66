package org.jtorch.align.check;

/// What a program that a model wrote may use.
///
/// @param seconds by the clock, and of a processor
/// @param megabytes of memory for each of its processes
public record CodeLimits(double seconds, int megabytes) {
  public static final CodeLimits USUAL = new CodeLimits(5, 512);

  public CodeLimits {
    if (!(seconds > 0 && seconds <= 3600)) {
      throw new IllegalArgumentException("`seconds` must be above 0 and at most 3600 but was " + seconds + "; 5 is usual");
    }
    if (megabytes < 16) {
      throw new IllegalArgumentException("`megabytes` must be >= 16 but was " + megabytes + "; 512 is usual");
    }
  }
}
