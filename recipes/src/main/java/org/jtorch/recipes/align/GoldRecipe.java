package org.jtorch.recipes.align;

import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// Made-up conversations or judgements in a language of letters in which it is known what an answer is worth: for experiments.
@Named("gold")
public record GoldRecipe(
    @Doc("names the stage, and its rows for later ones") String name,
    @Doc("what the rows follow from") @Default("1") long seed,
    @Doc("what the worth of letters follows from; the same for stages that belong together") @Default("1") long world,
    @Doc("how many rows are drawn") int rows,
    @Doc("judgements of two answers, with level and grades, or conversations: the best of four answers") @Default("judgements") Kind kind,
    @Doc("letters of an answer, at least") @Default("6") int fewest,
    @Doc("letters of an answer, at most") @Default("10") int most,
    @Doc("what annotators see beside the truth, in deviations of the true differences; 0.9 makes AFM's certainties of the levels")
    @Default("0") double noise,
    @Doc("share of the judgements that are turned round") @Default("0") double flip,
    @Doc("write all judgements, or those that were flipped, or those that are right") @Default("all") Keep keep) implements Stage {
  /// What is written.
  public enum Kind { JUDGEMENTS, CONVERSATIONS }

  /// Which judgements are written.
  public enum Keep { ALL, FLIPPED, RIGHT }

  public GoldRecipe {
    if (rows < 1) {
      throw new IllegalArgumentException("`rows` must be >= 1 but was " + rows + "; e.g. 1000");
    }
    requireLetters(fewest, most);
    if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`noise` must be >= 0 but was " + noise + "; e.g. 0.9");
    }
    if (!(flip >= 0 && flip <= 1)) {
      throw new IllegalArgumentException("`flip` must be from 0 to 1 but was " + flip + "; e.g. 0.25");
    }
    if (keep == Keep.FLIPPED && flip == 0) {
      throw new IllegalArgumentException("`keep` is flipped but `flip` is 0, which leaves nothing; e.g. flip: 0.25");
    }
  }

  static void requireLetters(int fewest, int most) {
    if (fewest < 1 || most < fewest) {
      throw new IllegalArgumentException("`fewest` (" + fewest + ") must be >= 1 and at most `most` (" + most + "); e.g. fewest: 6, most: 10");
    }
  }
}
