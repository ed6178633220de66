package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlasTest {
  private static final Processor INTEL = Processor.parse("vendor_id : GenuineIntel\nflags : avx2 avx512f");
  private static final Processor AMD = Processor.parse("vendor_id : AuthenticAMD\nflags : avx2 avx512f");
  private static final Processor OLD = Processor.parse("vendor_id : GenuineIntel\nflags : sse4_2");

  @TempDir Path temp = Path.of("");

  @Test void mklWhereItIsFasterAndThere() {
    assertThat(Blas.choose("auto", "linux-x86_64", true, INTEL).mkl()).isTrue();
    assertThat(Blas.choose("auto", "linux-x86_64", true, AMD).mkl()).isFalse();
    assertThat(Blas.choose("auto", "linux-x86_64", true, OLD).mkl()).isFalse();
    assertThat(Blas.choose("auto", "linux-x86_64", false, INTEL)).hasToString("OpenBLAS (the artifact org.bytedeco:mkl is not on the class path)");
    assertThat(Blas.choose("auto", "windows-x86_64", true, INTEL).mkl()).isFalse();
  }

  @Test void thePropertyDecides() {
    assertThat(Blas.choose("openblas", "linux-x86_64", true, INTEL).mkl()).isFalse();
    assertThat(Blas.choose("mkl", "linux-x86_64", true, AMD)).hasToString("MKL (asked for with -Djtorch.blas=mkl)");
    assertThat(Blas.choose("mkl", "macosx-arm64", true, AMD).why()).contains("needs linux-x86_64");
    assertThatThrownBy(() -> Blas.choose("atlas", "linux-x86_64", true, AMD)).hasMessage("jtorch.blas is \"atlas\"; use auto, mkl or openblas");
  }

  /// Products and a training step in two JVMs, one on each library: the same numbers up to rounding, and from MKL the same
  /// bits each time.
  @Test void bothLibrariesGiveTheSameNumbers() throws IOException, InterruptedException {
    var open = run("openblas");
    assertThat(open.getFirst()).startsWith("OpenBLAS");
    assumeTrue(Blas.choose("mkl", System.getProperty("os.name").equals("Linux") ? "linux-x86_64" : "", Blas.class.getResource(
        "/org/bytedeco/mkl/linux-x86_64/libmkl_rt.so.2") != null, Processor.here()).mkl(), "MKL runs on Linux on x86-64");
    var mkl = run("mkl");
    assertThat(mkl.getFirst()).startsWith("MKL");
    assertThat(mkl).hasSameSizeAs(open).hasSizeGreaterThan(10);
    for (int i = 1; i < open.size(); i++) {
      double expected = Double.parseDouble(open.get(i));
      assertThat(Double.parseDouble(mkl.get(i))).as("value %d", i).isCloseTo(expected, within(1e-4 * Math.max(1, Math.abs(expected))));
    }
    assertThat(mkl).as("another library, other roundings").isNotEqualTo(open);
    assertThat(run("mkl")).isEqualTo(mkl);
  }

  private List<String> run(String blas) throws IOException, InterruptedException {
    var output = temp.resolve("out.txt");
    var errors = temp.resolve("err.txt");
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djtorch.blas=" + blas, "-Xmx256m",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
        BlasMain.class.getName());
    var process = new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
    boolean done = process.waitFor(120, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors, StandardCharsets.UTF_8)).isZero();
    return Files.readAllLines(output, StandardCharsets.UTF_8);
  }
}
