package org.jtorch.recipes.doctor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Takes out of a report what says who or where the user is: folders and files, the home folder and the user's name.
/// Messages of native loaders hold such paths.
final class Privacy {
  private static final Pattern PATH = Pattern.compile("(?<![\\w.>/])(?:[A-Za-z]:)?(?:[/\\\\][\\w.+@~-]+){2,}");
  private static final Pattern SYSTEM = Pattern.compile("/(usr|lib|lib64|opt|proc|etc)/.*");

  private Privacy() {}

  static String clean(String text) {
    return PATH.matcher(text).replaceAll(m -> {
      String path = m.group();
      boolean system = SYSTEM.matcher(path).matches();
      return Matcher.quoteReplacement(system ? path : ".../" + path.substring(lastSlash(path) + 1));
    });
  }

  private static int lastSlash(String path) {
    return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  }
}
