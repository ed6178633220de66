package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessorTest {
  @Test void cpuinfoOfX86AndArm() {
    var old = Processor.parse("""
        processor\t: 0
        vendor_id\t: GenuineIntel
        model name\t: Some CPU
        flags\t\t: fpu avx2 fma fma

        processor : 1
        model name : Other
        """);
    assertThat(old.vendor()).isEqualTo("GenuineIntel");
    assertThat(old.model()).isEqualTo("Some CPU");
    assertThat(old.instructionSets()).isEqualTo("avx2 yes, fma yes, avx512f no, avx512_bf16 no, amx_bf16 no");
    assertThat(old.hasBf16()).isFalse();
    assertThat(Processor.parse("flags : avx2 avx512f amx_bf16").hasBf16()).isTrue();
    assertThat(Processor.parse("Features\t: fp asimd bf16\nCPU part : 0xd40\n").instructionSets())
        .isEqualTo("asimd yes, bf16 yes, i8mm no, sve no");
    assertThat(Processor.parse("").instructionSets()).isEqualTo("unknown");
    assertThat(Processor.parse("").isKnown()).isFalse();
  }
}
