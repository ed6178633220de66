package org.jtorch.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The documents speak of what is there: links, packages, classes and commands.
class DocsTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern ANCHOR = Pattern.compile("<a id=\"([^\"]+)\">");
  private static final Pattern FENCE = Pattern.compile("(?ms)^ *```.*?^ *```");
  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
  private static final Pattern TREE = Pattern.compile("(?m)^  (org\\.jtorch\\.[\\w.]+) ");
  /// `Foo`, `Foo.bar()`, `pkg.Foo`, `org.jtorch.pkg.Foo.Bar`.
  private static final Pattern NAME = Pattern.compile("((?:[a-z]\\w*\\.)*)([A-Z]\\w*)((?:\\.\\w+)*)(?:\\(\\))?");
  private static final Pattern COMMAND = Pattern.compile("(?m)(?:^\\s*|`)(?:\\./)?jtorch ([a-z]+)");
  /// Names of the JDK, of JavaCPP, of libtorch and of PyTorch that documents mention.
  private static final Set<String> FOREIGN = Set.of("IllegalArgumentException", "IllegalStateException", "MemorySegment", "FileChannel",
      "PointerScope", "AtenTensorHandle", "Locale", "Function", "IOException", "Pointer", "Scalar", "Node", "Arena",
      "WrongThreadException");

  private static SourceIndex sources;

  @BeforeAll static void read() throws IOException {
    sources = SourceIndex.read();
  }

  @Test void linksLeadSomewhere() throws IOException {
    var broken = new ArrayList<String>();
    for (Path document : Repository.documents()) {
      Matcher links = LINK.matcher(FENCE.matcher(Files.readString(document)).replaceAll(""));
      while (links.find()) {
        String link = links.group(1);
        if (!link.contains("://") && !link.startsWith("mailto:") && !resolves(document, link)) {
          broken.add(document.getFileName() + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  private static boolean resolves(Path document, String link) throws IOException {
    int hash = link.indexOf('#');
    String file = hash < 0 ? link : link.substring(0, hash);
    Path target = file.isEmpty() ? document : document.resolveSibling(file);
    if (!Files.exists(target)) {
      return false;
    }
    return hash < 0 || anchors(target).contains(link.substring(hash + 1));
  }

  /// The names that GitHub gives to headings, and those of `<a id="...">`.
  private static List<String> anchors(Path document) throws IOException {
    var anchors = new ArrayList<String>();
    for (String line : Files.readAllLines(document)) {
      if (line.startsWith("#")) {
        String words = line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT);
        anchors.add(words.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'));
      }
      Matcher named = ANCHOR.matcher(line);
      while (named.find()) {
        anchors.add(named.group(1));
      }
    }
    return anchors;
  }

  @Test void theTreeNamesEveryPackageAndNoOther() throws IOException {
    var named = new TreeSet<String>();
    Matcher lines = TREE.matcher(Files.readString(Repository.root().resolve("README.md")));
    while (lines.find()) {
      named.add(lines.group(1));
    }
    assertThat(named).isEqualTo(sources.packages());
  }

  @Test void classesThatAreNamedExist() throws IOException {
    var unknown = new TreeSet<String>();
    for (Path document : Repository.documents()) {
      Matcher codes = CODE.matcher(FENCE.matcher(Files.readString(document)).replaceAll(""));
      while (codes.find()) {
        Matcher name = NAME.matcher(codes.group(1));
        if (name.matches() && isClassName(name) && !exists(name)) {
          unknown.add(document.getFileName() + ": " + name.group());
        }
      }
    }
    assertThat(unknown).isEmpty();
  }

  /// One capital alone may be a word: only qualified names and those of several parts are taken for classes.
  private static boolean isClassName(Matcher name) {
    String type = name.group(2);
    boolean severalParts = type.matches("[A-Z][a-z0-9]+[A-Z]\\w*") && !type.equals(type.toUpperCase(Locale.ROOT));
    return !FOREIGN.contains(type) && (severalParts || !name.group(1).isEmpty()
        || (!name.group(3).isEmpty() && !name.group(3).matches("\\.[a-z]{2,4}")));
  }

  private static boolean exists(Matcher name) {
    String qualifier = name.group(1);
    String type = name.group(2);
    boolean known = qualifier.isEmpty() ? sources.hasType(type)
        : sources.hasType(qualifier.substring(0, qualifier.length() - 1), type);
    for (String member : name.group(3).split("\\.")) {
      known &= member.isEmpty() || sources.mentions(type, member);
    }
    return known;
  }

  @Test void commandsThatAreNamedExist() throws IOException {
    var listed = new TreeSet<String>();
    try (var in = DocsTest.class.getResourceAsStream("/cli/commands-and-flags.txt")) {
      assertThat(in).isNotNull();
      for (String line : new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).lines().toList()) {
        if (line.startsWith("jtorch ")) {
          listed.add(line.substring("jtorch ".length()).split(" ")[0]);
        }
      }
    }
    assertThat(listed).contains("run", "doctor");
    var unknown = new TreeSet<String>();
    for (Path document : Repository.documents()) {
      Matcher commands = COMMAND.matcher(Files.readString(document));
      while (commands.find()) {
        if (!listed.contains(commands.group(1))) {
          unknown.add(document.getFileName() + ": jtorch " + commands.group(1));
        }
      }
    }
    assertThat(unknown).isEmpty();
  }

  /// What a reader has is this repository: nothing in it leans on a file elsewhere.
  @Test void nothingPointsOutOfTheRepository() throws IOException {
    var outside = Pattern.compile("\\.\\./sha" + "red\\b|(?<![\\w/.-])/work/\\w|(?<![\\w-])(?<!docs/)(?<!\\]\\()papers\\.m" + "d\\b");
    var found = new ArrayList<String>();
    var files = new ArrayList<>(Repository.below("java", "yaml"));
    files.addAll(Repository.documents());
    for (Path file : files) {
      Matcher matcher = outside.matcher(Files.readString(file));
      while (matcher.find()) {
        found.add(Repository.root().relativize(file) + ": " + matcher.group());
      }
    }
    assertThat(found).isEmpty();
  }
}
