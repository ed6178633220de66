package org.jtorch.observe;

import java.util.Locale;

/// Numbers as people read them: `12.4k`, `1h 23m`, `1.5 GB`.
public final class Units {
  private Units() {}

  /// Three digits or so with a k, M, B or T behind.
  public static String count(double value) {
    String[] suffix = {"", "k", "M", "B", "T"};
    int i = 0;
    double v = value;
    while (Math.abs(v) >= 999.5 && i < suffix.length - 1) {
      v /= 1000;
      i++;
    }
    boolean whole = (i == 0 && v == Math.rint(v)) || Math.abs(v) >= 99.95;
    return String.format(Locale.ROOT, whole ? "%.0f%s" : "%.1f%s", v, suffix[i]);
  }

  /// The two largest units of a time: `850ms`, `4.2s`, `3m 20s`, `1h 23m`, `2d 4h`; `?` where it is unknown.
  public static String time(double seconds) {
    if (!Double.isFinite(seconds) || seconds < 0) {
      return "?";
    }
    if (seconds < 0.9995) {
      return Math.round(seconds * 1000) + "ms";
    }
    if (seconds < 59.95) {
      return String.format(Locale.ROOT, seconds < 9.95 ? "%.1fs" : "%.0fs", seconds);
    }
    long s = Math.round(seconds);
    if (s < 3600) {
      return s / 60 + "m " + s % 60 + "s";
    }
    long m = Math.round(seconds / 60);
    return m < 24 * 60 ? m / 60 + "h " + m % 60 + "m" : m / 1440 + "d " + m % 1440 / 60 + "h";
  }

  /// Decimal units: `512 B`, `1.5 GB`.
  public static String bytes(long bytes) {
    String[] suffix = {"B", "kB", "MB", "GB", "TB", "PB"};
    int i = 0;
    double v = bytes;
    while (v >= 999.5 && i < suffix.length - 1) {
      v /= 1000;
      i++;
    }
    return String.format(Locale.ROOT, i == 0 ? "%.0f %s" : "%.1f %s", v, suffix[i]);
  }

  /// A number of unknown kind in four digits or so: `0.01234`, `1.234`, `1.234e+05`; `?` where it is unknown.
  public static String figure(double value) {
    if (!Double.isFinite(value)) {
      return "?";
    }
    double size = Math.abs(value);
    if (size == 0 || (size >= 1e-3 && size < 1e4)) {
      return String.format(Locale.ROOT, "%." + Math.clamp(3 - (int) Math.floor(Math.log10(Math.max(size, 1e-3))), 0, 6) + "f", value);
    }
    return String.format(Locale.ROOT, "%.3e", value);
  }

  /// `38.2%`, or `?` where it is unknown.
  public static String percent(double fraction) {
    return Double.isFinite(fraction) ? String.format(Locale.ROOT, "%.1f%%", 100 * fraction) : "?";
  }
}
