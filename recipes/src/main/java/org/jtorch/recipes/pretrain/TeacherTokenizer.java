package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// A teacher of other tokens teaches nothing.
public final class TeacherTokenizer {
  private TeacherTokenizer() {}

  /// Refuses a teacher whose tokens are not those of the text.
  ///
  /// @param teacher its folder
  /// @throws DataException with the first token that differs
  public static void require(Tokenizer mine, Path teacher) {
    try (var theirs = Tokenizer.load(teacher)) {
      String difference = mine.differenceFrom(theirs);
      if (difference != null) {
        throw new DataException("the teacher in " + teacher + " has another tokenizer than the text: " + difference
            + "; prepare the text with the teacher's tokenizer, or choose another teacher");
      }
    }
  }
}
