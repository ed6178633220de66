package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jtorch.corpus.Preparation;
import org.jtorch.data.TokenBatches;
import org.jtorch.distill.Capture;
import org.jtorch.distill.CaptureSettings;
import org.jtorch.family.Pretrained;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// `jtorch distill capture` for a recipe: what a teacher says of the rows that the recipe trains on.
public final class CaptureTeacher {
  private CaptureTeacher() {}

  /// Captures, or goes on with a capture that was cut off.
  ///
  /// @param teacher a model's folder
  /// @param out where the targets go
  /// @return an exit code
  /// @throws IllegalArgumentException if the recipe's text is not prepared where others find it, or its rows grow
  public static int run(PretrainRecipe recipe, Path teacher, CaptureSettings settings, Path out, PrintWriter print) {
    Consumer<String> say = note -> {
      print.println(note);
      print.flush();
    };
    var setup = new Setup(recipe, Artifacts.FOLDERS);
    Path home = setup.known().model(new Reference(teacher.toString())).folder();
    try (var interruption = Interruption.watch(true, say); var corpus = Corpus.open(recipe, text(setup, say))) {
      TeacherTokenizer.require(corpus.tokenizer(), home);
      if (!(corpus.batches() instanceof TokenBatches batches)) {
        throw new IllegalArgumentException("a captured teacher needs rows of one length; remove `train.ramp`");
      }
      Device device = Device.parse(recipe.device());
      DType dtype = MachineSpeed.dtype(recipe.dtype(), device);
      try (var model = Pretrained.load(home, device, dtype)) {
        var capture = new Capture(model, batches.rows(), corpus.tokenizer(), settings, out);
        interruption.loopBegins();
        if (!capture.run(say, interruption::isAsked)) {
          return ExitCodes.INTERRUPTED;
        }
        say.accept("%s in %s".formatted(Units.bytes(capture.bytes()), out));
        say.accept("train on it: train.loss='{type: captured, path: \"%s\"}'".formatted(out));
        return ExitCodes.DONE;
      }
    }
  }

  /// The folder of the recipe's tokens, which are made if they are not there.
  private static Path text(Setup setup, Consumer<String> say) {
    var tokens = setup.tokens();
    if (tokens != null) {
      return tokens.folder();
    }
    Path cache = setup.recipe().data().cache();
    if (cache == null) {
      throw new IllegalArgumentException("a teacher is captured on tokens that students find again: prepare them with jtorch data prepare, and give"
          + " data.source='{type: tokens, path: ...}'; or set data.cache to a folder");
    }
    Path folder = CorpusFolder.cached(setup, cache);
    new Preparation(Corpus.spec(setup), folder).run(say, () -> false);
    return folder;
  }
}
