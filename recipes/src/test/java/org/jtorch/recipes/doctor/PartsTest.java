package org.jtorch.recipes.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Processor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The parts that need no libtorch.
class PartsTest {
  @TempDir Path temp = Path.of("");

  private CudaLibraries libraries(String cache, String... files) throws IOException {
    for (String file : files) {
      Files.createFile(temp.resolve(file));
    }
    var places = new LinkedHashMap<String, List<Path>>();
    places.put("LD_LIBRARY_PATH", List.of(temp));
    return new CudaLibraries(places, cache);
  }

  @Test void librariesAreFoundByTheirExactName() throws IOException {
    var found = libraries("\tlibnccl.so.2 (libc6,x86-64) => /x/libnccl.so.2\n\tlibcublas.so.12 (libc6) => /x\n", "libcudart.so.13");
    assertThat(found.find("libcudart.so.13")).isEqualTo("LD_LIBRARY_PATH");
    assertThat(found.find("libnccl.so.2")).isEqualTo("ldconfig");
    assertThat(found.find("libcublas.so.13")).isNull();
  }

  @Test void adviceDependsOnWhatThereIs() throws IOException {
    var none = libraries("");
    assertThat(advice(new Cuda(List.of(), false, false, none), 0)).isEmpty();
    assertThat(advice(new Cuda(List.of("H200"), true, false, none), 0)).anyMatch(a -> a.contains("-Pgpu"))
        .anyMatch(a -> a.startsWith("libcudnn.so.9 is missing")).hasSize(1 + CudaLibraries.NEEDED.size());
    var all = libraries("", CudaLibraries.NEEDED.keySet().toArray(String[]::new));
    assertThat(advice(new Cuda(List.of("H200"), true, true, all), 1)).isEmpty();
    assertThat(advice(new Cuda(List.of("H200"), true, true, all), 0)).singleElement().asString().contains("sees no CUDA device");
    assertThat(advice(new Cuda(List.of(), false, true, all), 0)).singleElement().asString().contains("no NVIDIA driver");
  }

  private static List<String> advice(Cuda cuda, int seen) {
    var advice = new ArrayList<String>();
    cuda.advise(seen, advice);
    return advice;
  }

  @Test void gpuModelsComeFromTheDriver() throws IOException {
    var gpu = Files.createDirectories(temp.resolve("0000:18:00.0"));
    Files.writeString(gpu.resolve("information"), "Model: \t\t NVIDIA H200\nIRQ: 12\n");
    assertThat(Cuda.gpus(temp)).containsExactly("NVIDIA H200");
    assertThat(Cuda.gpus(temp.resolve("absent"))).isEmpty();
  }

  @Test void whatAutoIsStandsBesideWhatWasMeasured() {
    assertThat(new Speed(DType.F32, 80e9, 8e9).verdict()).isEqualTo("f32 (10.0 times as fast as bf16)");
    assertThat(new Speed(DType.BF16, 1e12, 4e12).verdict()).isEqualTo("bf16 (4.0 times as fast as f32)");
    assertThat(new Speed(DType.BF16, 2e12, 1e12).verdict()).isEqualTo("bf16 (0.5 times as fast as f32)");
    assertThat(Speed.gflops(5.25e9)).isEqualTo("5.3 GFLOP/s");
    assertThat(Speed.gflops(75.4e9)).isEqualTo("75 GFLOP/s");
  }

  @Test void kernelsNarrowerThanTheProcessorsAreWorthAWord() {
    var wide = Processor.parse("flags : avx2 avx512f");
    assertThat(CoreType.advice("Haswell", "OpenBLAS (why)", wide)).startsWith("OPENBLAS_CORETYPE=Haswell keeps OpenBLAS from");
    assertThat(CoreType.advice("Haswell", "MKL (why)", wide)).isNull();
    assertThat(CoreType.advice("SkylakeX", "OpenBLAS (why)", wide)).isNull();
    assertThat(CoreType.advice("Haswell", "OpenBLAS (why)", Processor.parse("flags : avx2"))).isNull();
    assertThat(CoreType.advice(null, "OpenBLAS (why)", wide)).isNull();
  }

  @Test void reportsHoldNoPathsOfTheUser() {
    var section = Section.of("libtorch").add("state", "cannot load /home/bobby/.javacpp/cache/libjnitorch.so | 80 GFLOP/s\nsecond line");
    var findings = new Findings(false, List.of(section), List.of("look at C:\\Users\\bobby\\jtorch\\x.dll and /usr/local/cuda/lib64"));
    assertThat(findings.markdown()).doesNotContain("bobby").isEqualTo("""
        ### jtorch doctor

        | libtorch | |
        |---|---|
        | state | cannot load .../libjnitorch.so \\| 80 GFLOP/s second line |

        **What to do**

        - look at .../x.dll and /usr/local/cuda/lib64
        """);
    assertThat(findings.text()).doesNotContain("bobby").startsWith("libtorch\n  state  cannot load .../libjnitorch.so");
    assertThat(new Findings(true, List.of(), List.of()).text()).contains("nothing: all is well");
  }
}
