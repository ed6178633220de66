package org.jtorch.longcontext;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Extends a model's context length by length: trains a chunk, looks at short contexts and at needles, and goes on to the next length when
/// both are well, as Llama 3 does (arXiv:2407.21783, section 3.4.2). The loop is [#run], and it is all there is.
///
/// ```java
/// var ladder = List.of(new Rung(256, 100_000), new Rung(512, 1_000_000));
/// var gate = new Gate(1 << 20, 8 << 20, null, Gate.Failed.ROLL_BACK);
/// var outcome = new ContextExtension(ladder, gate, trainer, shortContext, needles).run(ExtensionLog.at(file));
/// ```
public final class ContextExtension {
  private final List<Rung> ladder;
  private final Gate gate;
  private final LengthTrainer trainer;
  private final ShortContext shortContext;
  private final LongContext longContext;

  /// How an extension ended.
  public sealed interface Outcome {
    /// Every length is learnt.
    record Reached(Rung rung) implements Outcome {}

    /// A length was not learnt, and the model is what it was at the last one that was.
    ///
    /// @param to that length, or null if it is the model as it was before the extension
    record RolledBack(@Nullable Rung to, String why) implements Outcome {}

    /// A length was not learnt, and the model is left at it.
    record Stopped(Rung at, String why) implements Outcome {}

    /// The trainer was asked to stop; the same extension goes on from its log.
    record Interrupted() implements Outcome {}
  }

  /// @param ladder lengths that rise
  /// @param shortContext of the model that the trainer has, as is `longContext`
  public ContextExtension(List<Rung> ladder, Gate gate, LengthTrainer trainer, ShortContext shortContext, LongContext longContext) {
    this.ladder = List.copyOf(ladder);
    requireRising(this.ladder);
    this.gate = gate;
    this.trainer = trainer;
    this.shortContext = shortContext;
    this.longContext = longContext;
  }

  /// Checks a ladder.
  ///
  /// @throws IllegalArgumentException if it has no length, or one that is not above the one before it
  public static void requireRising(List<Rung> ladder) {
    if (ladder.isEmpty()) {
      throw new IllegalArgumentException("`ladder` is empty; e.g. ladder: [{length: 8192, rope_theta: 1000000}]");
    }
    for (int i = 1; i < ladder.size(); i++) {
      if (ladder.get(i).length() <= ladder.get(i - 1).length()) {
        throw new IllegalArgumentException("`ladder` must rise, but " + ladder.get(i).length() + " follows " + ladder.get(i - 1).length()
            + "; e.g. 16384, 32768, 65536");
      }
    }
  }

  /// Goes from where the log stands to the end of the ladder, or as far as it comes.
  public Outcome run(ExtensionLog log) {
    var before = before(log);
    Rung reached = null;
    for (Rung rung : ladder) {
      while (!log.hasPassed(rung)) {
        if (isUsedUp(rung, log)) {
          return giveUp(rung, reached, log);
        }
        trainer.enter(rung);
        if (!trainer.trainTo(log.total() + gate.chunk())) {
          return new Outcome.Interrupted();
        }
        var decision = gate.judge(rung, log.tokens(rung) + gate.chunk(), before, shortContext.score(), longContext.find(rung.length()));
        if (decision.passed()) {
          trainer.keep();
        }
        log.add(decision);
      }
      reached = rung;
    }
    trainer.enter(Objects.requireNonNull(reached));
    return new Outcome.Reached(reached);
  }

  /// Brings a log to the training that is still there: what was decided after it is forgotten, unless it ended in a roll back, after which
  /// there is less training than decisions.
  ///
  /// @param tokens of training, of all lengths
  public void goOn(ExtensionLog log, long tokens) {
    var at = ladder.stream().filter(rung -> !log.hasPassed(rung)).findFirst();
    boolean rolledBack = gate.failed() == Gate.Failed.ROLL_BACK && at.isPresent() && isUsedUp(at.get(), log);
    if (!rolledBack) {
      log.returnTo(tokens);
    }
  }

  private boolean isUsedUp(Rung rung, ExtensionLog log) {
    return log.tokens(rung) + gate.chunk() > gate.budget();
  }

  /// What short contexts are measured against.
  private ShortContext.Score before(ExtensionLog log) {
    if (log.before() == null) {
      trainer.enter(null);
      log.begin(shortContext.score());
    }
    return Objects.requireNonNull(log.before());
  }

  private Outcome giveUp(Rung rung, @Nullable Rung reached, ExtensionLog log) {
    String why = "a context of %,d tokens is not learnt within the budget of %,d tokens: %s".formatted(rung.length(), gate.budget(),
        log.decisions().getLast().why());
    return switch (gate.failed()) {
      case ROLL_BACK -> {
        trainer.rollBack(reached, log.total(reached));
        yield new Outcome.RolledBack(reached, why);
      }
      case STOP -> new Outcome.Stopped(rung, why);
    };
  }
}
