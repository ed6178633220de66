package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jtorch.corpus.Preparation;
import org.jtorch.distill.Capture;
import org.jtorch.distill.CaptureSettings;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.text.Tokenizer;

/// `jtorch distill capture` for a recipe: what a teacher says of the rows that the recipe trains on.
public final class CaptureTeacher {
  private CaptureTeacher() {}

  /// Captures, or goes on with a capture that was cut off.
  ///
  /// @param teacher a model's folder
  /// @param out where the targets go
  /// @return an exit code
  /// @throws IllegalArgumentException if the recipe's text is not prepared where others find it
  public static int run(PretrainRecipe recipe, Path teacher, CaptureSettings settings, Path out, PrintWriter print) {
    Consumer<String> say = note -> {
      print.println(note);
      print.flush();
    };
    requireModel(teacher);
    try (var interruption = Interruption.watch(true, say); var corpus = Corpus.open(recipe, text(recipe, say))) {
      requireTokenizer(corpus.tokenizer(), teacher);
      Device device = Device.parse(recipe.device());
      DType dtype = MachineSpeed.dtype(recipe.dtype(), device);
      try (var model = Pretrained.load(teacher, device, dtype)) {
        model.requiresGrad(false);
        var capture = new Capture(model, corpus.batches().rows(), corpus.tokenizer(), settings, out);
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

  private static void requireModel(Path teacher) {
    if (!Files.isRegularFile(teacher.resolve("config.json"))) {
      throw new DataException("--teacher " + teacher + " holds no model (config.json is missing); give the folder of a trained one");
    }
  }

  private static void requireTokenizer(Tokenizer mine, Path teacher) {
    try (var theirs = Tokenizer.load(teacher)) {
      String difference = mine.differenceFrom(theirs);
      if (difference != null) {
        throw new DataException("the teacher in " + teacher + " has another tokenizer than the text: " + difference
            + "; prepare the text with the teacher's tokenizer");
      }
    }
  }

  /// The folder of the recipe's tokens, which are made if they are not there.
  private static Path text(PretrainRecipe recipe, Consumer<String> say) {
    Path cache = recipe.data().cache();
    if (recipe.data().source() instanceof SourceConfig.Tokens(Path path)) {
      return path;
    }
    if (cache == null) {
      throw new IllegalArgumentException("a teacher is captured on tokens that students find again: prepare them with jtorch data prepare, and give"
          + " data.source='{type: tokens, path: ...}'; or set data.cache to a folder");
    }
    var spec = Corpus.spec(recipe);
    Path folder = cache.resolve(spec.key());
    new Preparation(spec, folder).run(say, () -> false);
    return folder;
  }
}
