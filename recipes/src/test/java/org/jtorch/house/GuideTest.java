package org.jtorch.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The guide's commands, typed as they stand there and in their order, with models of a few thousand parameters.
class GuideTest {
  private static final Pattern FENCE = Pattern.compile("(?ms)^```sh\\n(.*?)^```");

  /// Commands that train are made small by further overrides; several processes are the matter of a test of their own.
  @Test void everyCommandDoesWhatTheGuideSays(@TempDir Path folder) throws IOException, InterruptedException {
    var commands = commands().stream().filter(c -> !c.contains("--processes")).toList();
    assertThat(commands).hasSizeGreaterThan(18);
    Path list = Files.write(folder.resolve("commands.txt"), commands);
    Path log = folder.resolve("log.txt");
    var process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-modules=jdk.incubator.vector", "-cp", absolute(System.getProperty("java.class.path")), GuideMain.class.getName(), list.toString())
        .directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).as(() -> read(log)).isTrue();
    String output = read(log);
    for (String command : commands) {
      assertThat(output).contains("CODE 0 " + command);
    }
    for (String file : List.of("runs/quickstart/report.html", "mine.yaml", "runs/mine/model/config.json", "prepared/mine", "model.gguf",
        "smaller/model.safetensors")) {
      assertThat(folder.resolve(file)).exists();
    }
  }

  /// A line of a shell that calls the launcher, continued lines put together.
  private static List<String> commands() throws IOException {
    var commands = new ArrayList<String>();
    Matcher fences = FENCE.matcher(Files.readString(Repository.root().resolve("docs/guide.md")));
    while (fences.find()) {
      fences.group(1).replace("\\\n", " ").lines().filter(l -> l.contains("./jtorch ")).forEach(commands::add);
    }
    return commands;
  }

  private static String absolute(String classPath) {
    return String.join(java.io.File.pathSeparator,
        Pattern.compile(Pattern.quote(java.io.File.pathSeparator)).splitAsStream(classPath).map(p -> Path.of(p).toAbsolutePath().toString()).toList());
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "no output: " + e.getMessage();
    }
  }
}
