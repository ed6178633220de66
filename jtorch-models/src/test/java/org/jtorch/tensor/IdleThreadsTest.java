package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What libgomp, which reads its environment once when it is loaded, has read of the bootstrap's and of a user's settings.
class IdleThreadsTest {
  @TempDir Path temp = Path.of("");

  /// Loads libtorch and ends.
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      System.out.println(TorchInfo.report().get("idle threads"));
    }
  }

  @BeforeEach void onlyWhereLibgompIs() {
    assumeTrue(System.getProperty("os.name").equals("Linux"));
  }

  @Test void theBootstrapsCountReachesLibgomp() throws IOException, InterruptedException {
    assertThat(run(Map.of())).contains("GOMP_SPINCOUNT = '2000'").contains("OpenMP's spin 2000 turns (GOMP_SPINCOUNT)");
  }

  @Test void theUsersSettingWins() throws IOException, InterruptedException {
    assertThat(run(Map.of("GOMP_SPINCOUNT", "777"))).contains("GOMP_SPINCOUNT = '777'").contains("OpenMP's spin 777 turns");
    assertThat(run(Map.of("OMP_WAIT_POLICY", "PASSIVE"))).contains("OMP_WAIT_POLICY = 'PASSIVE'").doesNotContain("'2000'")
        .contains("OpenMP's as OMP_WAIT_POLICY=PASSIVE says");
  }

  private String run(Map<String, String> environment) throws IOException, InterruptedException {
    var output = temp.resolve("out.txt");
    var builder = new ProcessBuilder(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
        Main.class.getName())).redirectErrorStream(true).redirectOutput(output.toFile());
    List.of("GOMP_SPINCOUNT", "OMP_WAIT_POLICY").forEach(builder.environment()::remove);
    builder.environment().put("OMP_DISPLAY_ENV", "VERBOSE");                      // libgomp prints what it has read
    builder.environment().putAll(environment);
    var process = builder.start();
    boolean done = process.waitFor(60, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }
}
