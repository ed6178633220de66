package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.observe.BusyWatch;
import org.jtorch.observe.ProcessorTime;
import org.jtorch.observe.Units;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.plan.Estimate;
import org.jtorch.recipes.plan.MachineMemory;
import org.jtorch.recipes.plan.Verdict;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TorchInfo;

/// What a run would do, worked out without starting it; time and memory from a short step of its model, or of a part of it.
record Plan(Setup setup) {
  /// A forward pass beside forward and backward.
  private static final double FORWARD_SHARE = 0.35;
  private static final int BARS = 48;

  PlanFigures print(PrintWriter out) {
    var recipe = setup.recipe();
    int vocab = setup.vocab();
    DecoderConfig shape = Shapes.of(setup, vocab);
    Device device = Device.parse(recipe.device());
    DType dtype = TrainedType.of(setup, device, note -> line(out, "", "%s", note));
    var t = recipe.train();
    var text = PlannedText.of(setup);
    var ramp = t.ramp(recipe.data().seqLen());
    if (!text.isCounted() && t.steps() == null && t.tokens() == null) {
      line(out, "model", "%s, %,d parameters", shape.family(), shape.parameterCount());
      line(out, "text", "%s: then %s epochs have a length, too", text.lines().getFirst(), Units.figure(Objects.requireNonNullElse(t.epochs(), Double.NaN)));
      return new PlanFigures(shape.parameterCount(), 0, 0, 0);
    }
    long steps = t.steps(recipe.data().seqLen(), text.isCounted() ? text.trainTokens() / ramp.longest() : Double.POSITIVE_INFINITY);
    var length = new Length(steps, ramp.at(steps).tokens());
    double flops = MachineSpeed.flops(device, dtype);
    line(out, "model", "%s, %,d parameters (%,d outside the embedding)", shape.family(), shape.parameterCount(),
        shape.parameterCount() - (long) vocab * shape.dim());
    line(out, "device", "%s, %s, matrix products at %.0f GFLOP/s", device, dtype, flops / 1e9);
    text.lines().forEach(each -> line(out, text.lines().getFirst().equals(each) ? "text" : "", "%s", each));
    line(out, "steps", "%,d of %,d tokens (%d rows of %d, %d micro-batches): %,d tokens in all, %s epochs", steps,
        ramp.phases().getFirst().stepTokens(), t.batch(), recipe.data().seqLen(), t.accumulate(), length.tokens(),
        Units.figure(length.tokens() / text.trainTokens()));
    ramp.describe().stream().skip(1).forEach(phase -> line(out, "", "%s", phase));
    out.flush();
    var work = new Workload(shape, device, dtype, t.batch() / t.accumulate(), recipe.data().seqLen(), t.accumulate(),
        t.activationCheckpointing(), t.chunkTokens(), recipe.data().packing() == PretrainRecipe.Packing.PACKED);
    String teacher = PlannedTeacher.of(setup, work, dtype, flops);
    if (teacher != null) {
      line(out, "teacher", "%s", teacher);
    }
    var figures = estimate(out, work, flops, length, text);
    line(out, "rate", "peak %s; over the run:", Double.toString(t.learningRate()));
    schedule(out, steps);
    return figures;
  }

  /// @param tokens of all steps
  private record Length(long steps, long tokens) {}

  private PlanFigures estimate(PrintWriter out, Workload work, double flops, Length length, PlannedText text) {
    var machine = MachineMemory.now();
    var before = ProcessorTime.now();
    var estimate = Estimate.of(work, flops, machine.free());
    var after = ProcessorTime.now();
    memory(out, estimate);
    if (!work.device().isCuda() && machine.total() > 0) {
      line(out, "", "%s", new Verdict(machine.total(), machine.free()).of(estimate, work));
    }
    String busy = busy(before, after);
    double seconds = time(out, work, estimate, busy != null, length, text);
    if (busy != null) {
      line(out, "", "%s", busy);
    }
    return new PlanFigures(work.shape().parameterCount(), estimate.bytes(), length.tokens(), seconds);
  }

  /// A sentence if other processes took cores that the measurement wanted, else null.
  private static @Nullable String busy(@Nullable ProcessorTime before, @Nullable ProcessorTime after) {
    int threads = TorchInfo.threads();
    return before != null && after != null && after.missingSince(before, threads) >= BusyWatch.MISSING
        ? BusyWatch.describe(after, before, threads) : null;
  }

  private static void memory(PrintWriter out, Estimate e) {
    var m = e.model();
    line(out, "memory", "%s = program %s + weights %s + masters %s + moments %s + gradients %s + activations %s + passing %s",
        Units.bytes(e.bytes()), Units.bytes(e.base()), Units.bytes(m.weights()), Units.bytes(m.masters()), Units.bytes(m.moments()),
        Units.bytes(m.gradients()), Units.bytes(e.activations()), Units.bytes(e.passing()));
  }

  private double time(PrintWriter out, Workload work, Estimate e, boolean busy, Length length, PlannedText text) {
    double micros = (double) length.tokens() / work.tokens();
    double step = (micros * e.gradientSeconds() + length.steps() * e.updateSeconds()) / length.steps();
    double validation = text.validationTokens() / work.tokens() * e.gradientSeconds() * FORWARD_SHARE;
    long every = setup.recipe().eval().every();
    long validations = 1 + (every > 0 ? Math.ceilDiv(length.steps(), every) : 1);
    var s = e.sample();
    String how = s == null ? "by the matrix products alone, for it is too large to measure"
        : s.equals(work) ? "measured"
        : String.format(Locale.ROOT, "measured with %d of %d rows, %d of %d layers, %,d of %,d tokens in the vocabulary", s.rows(), work.rows(),
            s.shape().layers(), work.shape().layers(), s.shape().vocab(), work.shape().vocab());
    double seconds = length.steps() * step + validations * validation;
    String alone = busy ? " beside what runs now, about " + Units.time(seconds * e.share()) + " alone" : "";
    line(out, "time", "about %s%s = %,d steps of %s + %d validations of %s, reading the text aside; %s", Units.time(seconds), alone,
        length.steps(), Units.time(step), validations, Units.time(validation), how);
    return seconds;
  }

  private void schedule(PrintWriter out, long steps) {
    var schedule = setup.recipe().train().schedule().over(steps);
    String levels = "▁▂▃▄▅▆▇█";
    var line = new StringBuilder();
    for (int i = 0; i < BARS; i++) {
      double at = schedule.at(Math.round((double) i / (BARS - 1) * (steps - 1)));
      line.append(levels.charAt((int) Math.clamp(Math.round(at * 7), 0, 7)));
    }
    out.println("            " + line);
  }

  @FormatMethod
  static void line(PrintWriter out, String what, @FormatString String format, Object... values) {
    out.println("%-10s  %s".formatted(what, String.format(Locale.ROOT, format, values)));
  }
}
