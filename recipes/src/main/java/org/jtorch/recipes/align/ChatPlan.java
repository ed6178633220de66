package org.jtorch.recipes.align;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.Locale;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.plan.Estimate;
import org.jtorch.recipes.plan.MachineMemory;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// What a run on chats would do, without starting it: rows are taken to be as long as they may be, so that time and memory are bounds.
///
/// @param rowsEach rows of an example: one, or two answers of a pair
/// @param passes forward and backward passes a step, in units of one with both; a reference's forward is a third
record ChatPlan(ChatRecipe recipe, Artifacts known, int rowsEach, double passes) {
  PlanFigures print(PrintWriter out) {
    var from = known.model(recipe.from());
    var shape = from.shape();
    Device device = Device.parse(recipe.device());
    DType dtype = TrainedType.of(recipe.dtype(), Files.isDirectory(from.folder()) ? from.folder() : null, device, note -> line(out, "", "%s", note));
    var t = recipe.train();
    line(out, "model", "%s, %,d parameters, from %s", shape.family(), shape.parameterCount(), recipe.from());
    var adapter = recipe.adapter();
    if (adapter != null) {
      line(out, "adapter", "%s: %,d parameters learn", adapter, adapter.parameters(shape));
    }
    long examples = examples(out);
    long steps = t.steps(examples);
    double tokens = (double) steps * t.batch() * rowsEach * recipe.chats().maxTokens();
    line(out, "steps", "%,d of %d examples: %s epochs; at most %,.0f tokens", steps, t.batch(), Units.figure((double) steps * t.batch() / examples), tokens);
    out.flush();
    var work = new Workload(shape, device, dtype, Math.max(1, t.batch() / t.accumulate() * rowsEach), recipe.chats().maxTokens(), t.accumulate(),
        t.activationCheckpointing(), 0, false);
    var estimate = Estimate.of(work, MachineSpeed.flops(device, dtype), MachineMemory.now().free());
    double bytes = estimate.bytes() + (passes > 1 && adapter == null ? (double) shape.parameterCount() * dtype.bytes() : 0);
    double seconds = steps * (t.accumulate() * estimate.gradientSeconds() * passes + estimate.updateSeconds());
    line(out, "memory", "at most %s", Units.bytes((long) bytes));
    line(out, "time", "at most %s, validation aside", Units.time(seconds));
    return new PlanFigures(shape.parameterCount(), bytes, tokens, seconds);
  }

  private long examples(PrintWriter out) {
    long examples = recipe.examples(known, each -> line(out, "chats", "%s", each));
    return Math.max(1, Math.round(examples * (1 - recipe.chats().heldOut())));
  }

  @FormatMethod
  private static void line(PrintWriter out, String what, @FormatString String format, Object... values) {
    out.println("%-10s  %s".formatted(what, String.format(Locale.ROOT, format, values)));
  }
}
