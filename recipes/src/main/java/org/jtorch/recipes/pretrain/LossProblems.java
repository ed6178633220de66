package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.distill.CapturedTeacher;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.text.Tokenizer;

/// What a recipe's teacher lacks, found before anything starts: a folder, a tokenizer, the student's own, room for its rows.
final class LossProblems {
  private static final String TEACHER = "`train.loss.teacher` ";

  private LossProblems() {}

  static void of(PretrainRecipe recipe, List<String> problems) {
    try {
      switch (recipe.train().loss()) {
        case LossConfig.NextToken _ -> { }
        case LossConfig.Taught taught -> taught(recipe, taught.teacher(), problems);
        case LossConfig.Captured(Path path, LossConfig.Target target) -> captured(path, target, problems);
      }
    } catch (DataException e) {
      problems.add("`train.loss` " + e.getMessage());
    }
  }

  private static void taught(PretrainRecipe recipe, Path teacher, List<String> problems) {
    if (!Files.isRegularFile(teacher.resolve("config.json"))) {
      problems.add(TEACHER + "holds no model (config.json is missing): " + teacher + "; give the folder of a trained one");
      return;
    }
    var shape = Pretrained.config(teacher);
    if (recipe.data().seqLen() > shape.maxPositions() && !shape.growsWithLength()) {
      problems.add(TEACHER + teacher + " allows " + shape.maxPositions() + " positions, but `data.seq_len` is " + recipe.data().seqLen()
          + "; use shorter rows or another teacher");
    }
    Path students = tokenizer(recipe);
    if (students == null) {
      problems.add(TEACHER + teacher + " has a tokenizer, which the student must share: use tokenizer: {type: file, path: \"" + teacher
          + "\", eos: ...} instead of training another");
    } else if (Files.exists(students)) {
      same(students, teacher, problems);
    }
  }

  private static void same(Path students, Path teacher, List<String> problems) {
    try (var mine = Tokenizer.load(students); var theirs = Tokenizer.load(teacher)) {
      String difference = mine.differenceFrom(theirs);
      if (difference != null) {
        problems.add(TEACHER + teacher + " has another tokenizer than the text: " + difference + "; a teacher's and a student's tokens must be the"
            + " same, so prepare the text with the teacher's tokenizer or choose another teacher");
      }
    }
  }

  /// The tokenizer of the recipe's text; null if it is trained on it.
  private static @Nullable Path tokenizer(PretrainRecipe recipe) {
    if (recipe.data().source() instanceof SourceConfig.Tokens(Path path)) {
      try (var prepared = PreparedCorpus.open(path)) {
        return prepared.tokenizerFolder();
      }
    }
    return recipe.tokenizer() instanceof TokenizerConfig.File(Path path, _) ? path : null;
  }

  private static void captured(Path path, LossConfig.Target target, List<String> problems) {
    var reduction = CapturedTeacher.reduction(path);
    if (!CapturedTeacher.fits(target.target(), reduction)) {
      problems.add("`train.loss.target` is " + target.name().toLowerCase(Locale.ROOT) + " but " + path + " keeps "
          + switch (reduction) {
            case TOP -> "the most probable tokens; use renorm or tail";
            case DRAWS -> "draws; use sampled";
          });
    }
  }
}
