package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.data.SparseShards;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// `type: capture`.
public final class CaptureType implements RecipeType {
  private static final PretrainType TEXT = new PretrainType();

  @Override public String name() {
    return "capture";
  }

  @Override public Class<? extends Record> recordType() {
    return CaptureRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (CaptureRecipe) value;
    var problems = new ArrayList<>(TEXT.problems(recipe.onText(), known).stream().map(p -> p.replaceFirst("^`from`", "`teacher`")).toList());
    if (problems.isEmpty()) {
      var setup = new Setup(recipe.onText(), known);
      try {
        String difference = LossProblems.difference(setup, known.model(recipe.teacher()));
        if (difference != null) {
          problems.add("`teacher` has another tokenizer than the text: " + difference + "; prepare the text with the teacher's tokenizer");
        }
      } catch (DataException e) {
        problems.add("`teacher` " + e.getMessage());
      }
      if (recipe.settings().k() > setup.vocab()) {
        problems.add("`" + (recipe.draws() == null ? "top_k" : "draws") + "` is " + recipe.settings().k() + " but there are " + setup.vocab()
            + " tokens; 64 is usual");
      }
    }
    return problems;
  }

  private static RunFolder folder(Path path) {
    return new RunFolder(path, "targets");
  }

  @Override public Artifact leaves(Object value, Path path, Artifacts known) {
    return new Artifact.Targets(folder(path).left(), ((CaptureRecipe) value).settings().reduction());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (CaptureRecipe) loaded.bound().value();
    var setup = new Setup(recipe.onText(), known);
    var shape = known.model(recipe.teacher()).shape();
    Device device = Device.parse(recipe.device());
    DType dtype = TrainedType.of(setup, device, note -> Plan.line(out, "", "%s", note));
    var text = PlannedText.of(setup);
    if (!text.isCounted()) {
      Plan.line(out, "teacher", "%s, %,d parameters", recipe.teacher(), shape.parameterCount());
      Plan.line(out, "text", "%s", text.lines().getFirst());
      return new PlanFigures(0, (double) shape.parameterCount() * dtype.bytes(), 0, 0);
    }
    double tokens = text.trainTokens();
    int seqLen = recipe.data().seqLen();
    var work = new Workload(shape, device, dtype, recipe.batch(), seqLen, 1, false, 0, true);
    double seconds = tokens / work.tokens() * work.forwardFlops() / MachineSpeed.flops(device, dtype);
    long bytes = SparseShards.bytes((long) Math.ceil(tokens / seqLen), seqLen, recipe.settings().k());
    Plan.line(out, "teacher", "%s, %,d parameters", recipe.teacher(), shape.parameterCount());
    Plan.line(out, "leaves", "%s on the disk: %d of each of about %s tokens, padding aside", Units.bytes(bytes), recipe.settings().k(),
        Units.count(tokens));
    Plan.line(out, "time", "about %s by the matrix products alone", Units.time(seconds));
    return new PlanFigures(0, (double) shape.parameterCount() * dtype.bytes(), 0, seconds);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (CaptureRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), folder(RecipeRun.folder(args, recipe.name())), recipe.metrics(), args,
        (run, logs, interruption) -> new CaptureRun(recipe, args, run, logs, interruption).execute());
  }
}
