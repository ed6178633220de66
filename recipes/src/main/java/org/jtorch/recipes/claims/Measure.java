package org.jtorch.recipes.claims;

import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// A number that every seed gives.
@DefaultType("read")
public sealed interface Measure {
  /// What a stage wrote down: of one that trains a figure of its last validations, of one that scores a result.
  @Named("read")
  record Read(
      @Doc("the stage") String stage,
      @Doc("loss, bits_per_byte, perplexity, or a figure of the stage's own") @Default("loss") String figure,
      @Doc("the mean over so many of the last validations") @Default("1") int last) implements Measure {
    public Read {
      if (last < 1) {
        throw new IllegalArgumentException("`last` must be >= 1 but was " + last + "; 1 takes the last validation alone");
      }
    }
  }

  /// One measure less another.
  @Named("difference")
  record Difference(
      @Doc("a measure") String of,
      @Doc("what is taken from it") String minus,
      @Doc("as a part of `minus`") @Default("false") boolean relative) implements Measure {}

  /// How many steps a stage takes until a validation is as good as a loss; one more than it has if none is.
  @Named("steps_to")
  record StepsTo(@Doc("the stage, with eval.every") String stage, @Doc("a measure of a loss") String loss) implements Measure {}

  /// A figure of a stage's validations at the point where another of them first reaches a value, on straight lines between validations: a reward
  /// at one distance from the reference, for example.
  @Named("where")
  record Where(
      @Doc("the stage, with eval.every") String stage,
      @Doc("what is read") String figure,
      @Doc("what it is read at") String reaches,
      @Doc("the value that this one reaches") double value) implements Measure {}
}
