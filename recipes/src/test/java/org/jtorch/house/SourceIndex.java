package org.jtorch.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What the sources declare: packages, types by name, and the text around them to look members up in.
final class SourceIndex {
  private static final Pattern PACKAGE = Pattern.compile("^package ([\\w.]+);", Pattern.MULTILINE);
  private static final Pattern TYPE = Pattern.compile("\\b(?:class|record|interface|enum)\\s+([A-Z]\\w*)");

  private final Set<String> packages = new TreeSet<>();
  private final Map<String, Set<String>> packagesOfType = new HashMap<>();
  private final Map<String, StringBuilder> textOfType = new HashMap<>();

  static SourceIndex read() throws IOException {
    var index = new SourceIndex();
    for (Path file : Repository.sources()) {
      index.add(file, Files.readString(file));
    }
    return index;
  }

  private void add(Path file, String text) {
    var named = PACKAGE.matcher(text);
    if (!named.find()) {
      return;
    }
    String name = named.group(1);
    if (!file.endsWith("package-info.java") && file.toString().contains(Path.of("src", "main").toString())) {
      packages.add(name);
    }
    var types = TYPE.matcher(text);
    while (types.find()) {
      packagesOfType.computeIfAbsent(types.group(1), _ -> new HashSet<>()).add(name);
      textOfType.computeIfAbsent(types.group(1), _ -> new StringBuilder()).append(text);
    }
  }

  /// Packages with classes that are no tests.
  Set<String> packages() {
    return packages;
  }

  boolean hasType(String name) {
    return packagesOfType.containsKey(name);
  }

  /// Whether a type lies in a package that is, or ends in, `suffix`.
  boolean hasType(String suffix, String name) {
    return packagesOfType.getOrDefault(name, Set.of()).stream().anyMatch(p -> p.equals(suffix) || p.endsWith("." + suffix));
  }

  /// Whether a file that declares the type also mentions the member as a word.
  boolean mentions(String type, String member) {
    return Pattern.compile("\\b" + Pattern.quote(member) + "\\b").matcher(textOfType.getOrDefault(type, new StringBuilder())).find();
  }
}
