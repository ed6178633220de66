package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.check.ModelReward;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.tensor.Device;

/// A reward with what it keeps open.
public final class OpenReward implements Reward, AutoCloseable {
  private final Reward reward;
  private final Runnable close;

  private OpenReward(Reward reward, Runnable close) {
    this.reward = reward;
    this.close = close;
  }

  /// One that keeps nothing open.
  @MustBeClosed
  static OpenReward of(Reward reward) {
    return new OpenReward(reward, () -> { });
  }

  /// A reward model with its tokenizer.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static OpenReward model(RewardConfig.Model config, Path folder, Device device) {
    var chats = ChatModel.open(folder, config.template());
    try {
      var loaded = Classifiers.load(folder, device, null);
      try {
        if (!(loaded instanceof DecoderClassifier model)) {
          throw new IllegalArgumentException(folder + " is no language model with a head; a reward model is what a stage of type reward leaves");
        }
        int most = (int) Math.min(config.maxTokens(), model.maxPositions());
        var encoder = new ChatEncoder(chats.tokenizer(), chats.template(), chats.stops(), most, TooLong.DROP_TURNS, TrainedTurns.ALL);
        return new OpenReward(new ModelReward(model, encoder, config.batch()), () -> {
          model.close();
          chats.close();
        });
      } catch (RuntimeException | Error e) {
        loaded.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      chats.close();
      throw e;
    }
  }

  @Override public double[] of(List<Answer> answers) {
    return reward.of(answers);
  }

  @Override public void close() {
    close.run();
  }
}
