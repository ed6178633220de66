package org.jtorch.align.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.rollout.Answer;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.family.Llama;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelRewardTest {
  @Test void answersAreScoredByTheModelsTemplateWhateverStandsBeside(@TempDir Path temp) {
    try (var tokenizer = TinyPolicy.load(temp); var model = DecoderClassifier.create(
        Llama.shape(300, 16, 32, 2, 2, 1, 8, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, false), Labels.SCORE, null, Device.CPU, DType.F32, Rng.of(5))) {
      var encoder = new ChatEncoder(tokenizer, ChatTemplate.of(ChatFormat.CHATML, tokenizer), List.of((long) tokenizer.requireId("<|im_end|>")), 64,
          TooLong.LEAVE_OUT, TrainedTurns.ALL);
      var reward = new ModelReward(model, encoder, 2);
      var answers = new ArrayList<Answer>();
      for (String text : List.of("It is 3.", "The cat sat on the mat. It is 12.", " ", "It", "It is 5 plus one.", "cat ".repeat(100))) {
        answers.add(CheckTest.answer(text, null, 3, true));
      }
      var problems = new Problems();
      double[] scores = reward.of(answers, problems);
      assertThat(scores[2]).isNaN();
      assertThat(scores[5]).isNaN();
      assertThat(problems.leftOut()).isEqualTo(2);
      for (int i : new int[] {0, 1, 3, 4}) {
        assertThat(scores[i]).isCloseTo(reward.of(answers.subList(i, i + 1))[0], within(1e-6));
      }
      assertThat(scores[0]).isNotEqualTo(scores[1]);
      Collections.reverse(answers);
      assertThat(reward.of(answers)[5]).isCloseTo(scores[0], within(1e-6));
      assertThat(reward.of(List.of())).isEmpty();
    }
  }

  @Test void aClassifierIsNoRewardModel(@TempDir Path temp) {
    try (var tokenizer = TinyPolicy.load(temp); var model = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.classes("a", "b"), null, Device.CPU,
        DType.F32, Rng.of(5))) {
      var encoder = new ChatEncoder(tokenizer, ChatTemplate.of(ChatFormat.CHATML, tokenizer), List.of(1L), 64);
      assertThatThrownBy(() -> new ModelReward(model, encoder, 2)).hasMessageContaining("a reward model gives one number but this one has 2 labels");
    }
  }
}
