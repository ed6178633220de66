package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightReportTest {
  @Test
  void listsEverythingWithLikelyRenames() {
    var report = new WeightReport(
        List.of("layers.0.attn.q.weight", "zzz"),
        List.of("layers.0.attn.q_proj.weight", "lm_head.bias"),
        List.of(new WeightReport.Misshapen("wte", new long[] {10, 4}, new long[] {12, 4})));
    assertThat(report.clean()).isFalse();
    assertThat(report.render(Path.of("m.safetensors")).lines()).containsExactly(
        "m.safetensors does not fit the model: 2 missing, 2 unexpected, 1 of the wrong shape",
        "  missing     layers.0.attn.q.weight  (nearest in the file: layers.0.attn.q_proj.weight)",
        "  missing     zzz  (nothing in the file is near)",
        "  unexpected  layers.0.attn.q_proj.weight",
        "  unexpected  lm_head.bias",
        "  wrong shape wte: expected [10, 4], found [12, 4]",
        "Check that the configuration belongs to these weights.");
  }

  @Test
  void anEmptyReportIsClean() {
    var report = new WeightReport(List.of(), List.of(), List.of());
    assertThat(report.clean()).isTrue();
    assertThat(report.render(Path.of("m.safetensors"))).isEqualTo("m.safetensors fits the model");
  }

  @Test
  void nearnessIsTheEditDistance() {
    assertThat(NearNames.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(NearNames.distance("same", "same")).isZero();
    assertThat(NearNames.distance("", "abc")).isEqualTo(3);
    assertThat(NearNames.distance("aXb", "ab")).isEqualTo(1);
    assertThat(NearNames.of("weight", List.of("bias", "wieght", "weights", "weight_g"), 2))
        .containsExactly("weights", "weight_g");
    assertThat(NearNames.hint("q", List.of("completely_other"))).isEmpty();
  }
}
