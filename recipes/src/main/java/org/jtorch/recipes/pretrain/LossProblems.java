package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.corpus.TokenizerOrigin;
import org.jtorch.distill.CapturedTeacher;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.text.Tokenizer;

/// What a recipe's teacher lacks, found before anything starts: a model, the text's tokenizer, room for its rows.
final class LossProblems {
  private static final String TEACHER = "`train.loss.teacher` ";

  private LossProblems() {}

  static void of(Setup setup, List<String> problems) {
    switch (setup.recipe().train().loss()) {
      case LossConfig.NextToken _ -> { }
      case LossConfig.Taught taught -> {
        try {
          taught(setup, setup.known().model(taught.teacher()), problems);
        } catch (IllegalArgumentException | DataException e) {
          problems.add(TEACHER + e.getMessage());
        }
      }
      case LossConfig.Captured captured -> {
        try {
          captured(setup, captured.target(), setup.known().targets(captured.path()), problems);
        } catch (IllegalArgumentException | DataException e) {
          problems.add("`train.loss.path` " + e.getMessage());
        }
      }
    }
  }

  private static void taught(Setup setup, Artifact.Model teacher, List<String> problems) {
    int longest = setup.recipe().train().ramp(setup.recipe().data().seqLen()).longest();
    if (longest > teacher.shape().maxPositions() && !teacher.shape().growsWithLength()) {
      problems.add(TEACHER + teacher.folder() + " allows " + teacher.shape().maxPositions() + " positions, but rows have " + longest
          + " tokens; use shorter rows or another teacher");
    }
    String difference = difference(setup, teacher);
    if (difference != null) {
      problems.add(TEACHER + teacher.folder() + " has another tokenizer than the text: " + difference + "; a teacher's and a student's tokens must be"
          + " the same, so use tokenizer: {type: file, path: \"" + teacher.folder() + "\", eos: \"" + teacher.eos() + "\"} or another teacher");
    }
  }

  /// By the tokenizers' files where both are there. Of one that is still to be learned or left by a stage only the size is known: the run
  /// compares the files before it trains.
  static @Nullable String difference(Setup setup, Artifact.Model teacher) {
    Path students = tokenizer(setup);
    if (students != null && Files.exists(students) && Files.isDirectory(teacher.folder())) {
      try (var mine = Tokenizer.load(students); var theirs = Tokenizer.load(teacher.folder())) {
        return mine.differenceFrom(theirs);
      }
    }
    int tokens = setup.vocab();
    return tokens == teacher.tokens() ? null : "it has " + teacher.tokens() + " tokens, and the text's has " + tokens;
  }

  private static @Nullable Path tokenizer(Setup setup) {
    var tokens = setup.tokens();
    if (tokens != null) {
      return tokens.folder().resolve(PreparedCorpus.TOKENIZER);
    }
    boolean text = SourceConfig.isText(setup.recipe().data().source());
    return text && setup.tokenizer() instanceof TokenizerOrigin.Given(Path path, _) ? path : null;
  }

  private static void captured(Setup setup, LossConfig.Target target, Artifact.Targets teacher, List<String> problems) {
    if (!CapturedTeacher.fits(target.target(), teacher.kept())) {
      problems.add("`train.loss.target` is " + target.name().toLowerCase(Locale.ROOT) + " but " + teacher.folder() + " keeps "
          + switch (teacher.kept()) {
            case TOP -> "the most probable tokens; use renorm or tail";
            case DRAWS -> "draws; use sampled";
          });
    }
    if (!setup.recipe().train().ramp().isEmpty()) {
      problems.add("`train.ramp` cannot go with a captured teacher, whose rows have one length; remove one of them");
    }
  }
}
