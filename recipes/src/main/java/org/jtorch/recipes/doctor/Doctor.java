package org.jtorch.recipes.doctor;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jtorch.observe.BusyWatch;
import org.jtorch.observe.ProcessorTime;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Processor;
import org.jtorch.tensor.TorchInfo;
import org.jtorch.tensor.kernel.Kernels;

/// Examines the machine and how JTorch runs on it.
public final class Doctor {
  private static final int MIB = 1 << 20;

  private final List<Section> sections = new ArrayList<>();
  private final List<String> advice = new ArrayList<>();
  private final Processor cpu = Processor.here();
  private final Cuda cuda = Cuda.here();

  private Doctor() {}

  /// Looks at everything; takes a few seconds, for libtorch is loaded and measured.
  public static Findings examine() {
    var doctor = new Doctor();
    doctor.machine();
    doctor.java();
    boolean works = doctor.libtorch();
    return new Findings(works, doctor.sections, doctor.advice);
  }

  private void machine() {
    int processors = Runtime.getRuntime().availableProcessors();
    sections.add(Section.of("Machine")
        .add("platform", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .add("CPU", cpu.model() + ", " + processors + " processors for this JVM")
        .add("instruction sets", cpu.instructionSets()).add("memory", memory()));
    if (cpu.isKnown() && System.getProperty("os.arch", "").equals("amd64") && !cpu.flags().contains("avx2")) {
      advice.add("This CPU has no AVX2: libtorch runs its slowest kernels. Use another machine for anything but tests.");
    }
  }

  private static String memory() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os) {
      return gib(os.getTotalMemorySize()) + " in all, " + gib(os.getFreeMemorySize()) + " not used by anything";
    }
    return "unknown";
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (1024.0 * MIB));
  }

  private void java() {
    sections.add(Section.of("Java")
        .add("JDK", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.vm.name") + " " + Runtime.version())
        .add("heap limit", gib(Runtime.getRuntime().maxMemory()) + " (tensors live outside the heap)")
        .add("garbage collector", ManagementFactory.getGarbageCollectorMXBeans().getFirst().getName())
        .add("fused kernels", Kernels.report())
        .add("native access", Doctor.class.getModule().isNativeAccessEnabled() ? "enabled" : "not enabled"));
    if (!Doctor.class.getModule().isNativeAccessEnabled()) {
      advice.add("Start Java with --enable-native-access=ALL-UNNAMED, as the jtorch script does, to avoid its warnings.");
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      advice.add("Start Java with --add-modules=jdk.incubator.vector, as the jtorch script does: fused kernels run as slower plain twins.");
    }
  }

  /// Whether it could be loaded. The speed and the GPU come after it, the GPU in any case.
  private boolean libtorch() {
    Map<String, String> report;
    try {
      report = TorchInfo.report();
    } catch (LinkageError | RuntimeException e) {
      sections.add(Section.of("libtorch").add("state", "cannot be loaded: " + reason(e)));
      sections.add(cuda.section());
      advice.add("libtorch cannot be loaded, so nothing runs: " + (cuda.build()
          ? "the CUDA build needs all libraries listed under GPU." : "is the jar for this platform on the class path?"));
      cuda.advise(0, advice);
      return false;
    }
    var section = Section.of("libtorch");
    report.forEach(section::add);
    sections.add(section);
    adviseSetUp(report);
    speed();
    sections.add(cuda.section());
    cuda.advise(Integer.parseInt(report.getOrDefault("CUDA devices", "0")), advice);
    return true;
  }

  /// The deepest cause says which library is missing.
  private static String reason(Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; depth < 16 && t.getCause() != null; depth++) {
      t = t.getCause();
    }
    return String.valueOf(t.getMessage());
  }

  private void adviseSetUp(Map<String, String> report) {
    int processors = Runtime.getRuntime().availableProcessors();
    String threads = report.getOrDefault("threads", "").replaceFirst("\\D.*", "");
    if (!threads.isEmpty() && Integer.parseInt(threads) != processors) {
      advice.add("libtorch uses " + threads + " threads of " + processors
          + " processors: unset OMP_NUM_THREADS, or set -Djtorch.threads, if that is not wanted.");
    }
    String coreType = CoreType.advice(System.getenv(CoreType.VARIABLE), report.getOrDefault("BLAS", ""), cpu);
    if (coreType != null) {
      advice.add(coreType);
    }
    if (report.getOrDefault("allocator", "").contains("jtorch.malloc=default")) {
      advice.add("The memory allocator is left alone (-Djtorch.malloc=default): large tensors cost more time."
          + " Remove that option.");
    }
    if (report.getOrDefault("C ABI", "").startsWith("not found")) {
      advice.add("libtorch's C ABI was not found, so fused operations run as slower plain ones:"
          + " use the libtorch version in the pom.");
    }
    if (!report.getOrDefault("javacpp.maxBytes", "0").equals("0")
        || !report.getOrDefault("javacpp.maxPhysicalBytes", "0").equals("0")) {
      advice.add("JavaCPP polls the memory at every allocation: remove -Dorg.bytedeco.javacpp.maxBytes and maxPhysicalBytes.");
    }
  }

  private void busy(Section section, ProcessorTime before, ProcessorTime after) {
    section.add("other processes", String.format(Locale.ROOT, "%.1f of %d cores", after.othersSince(before), after.cores()));
    int threads = TorchInfo.threads();
    if (after.missingSince(before, threads) >= BusyWatch.MISSING) {
      advice.add(BusyWatch.describe(after, before, threads) + ", and so are these speeds.");
    }
  }

  private void speed() {
    var before = ProcessorTime.now();
    var onCpu = Speed.measure(Device.CPU);
    var after = ProcessorTime.now();
    var section = Section.of("Speed").add("cpu f32", Speed.gflops(onCpu.f32())).add("cpu bf16", Speed.gflops(onCpu.bf16()))
        .add("dtype auto on cpu", onCpu.verdict());
    sections.add(section);
    if (!cpu.hasBf16() && onCpu.bf16() < onCpu.f32()) {
      advice.add("bf16 has no instructions on this CPU and runs slower than f32: keep dtype auto, or set f32.");
    }
    if (before != null && after != null) {
      busy(section, before, after);
    }
    if (Device.best().isCuda()) {
      var onGpu = Speed.measure(Device.best());
      section.add("cuda f32", Speed.gflops(onGpu.f32())).add("cuda bf16", Speed.gflops(onGpu.bf16()))
          .add("dtype auto on cuda", onGpu.verdict());
    }
  }
}
