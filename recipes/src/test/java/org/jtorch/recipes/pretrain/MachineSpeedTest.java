package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Processor;
import org.junit.jupiter.api.Test;

class MachineSpeedTest {
  @Test void autoFollowsFromTheProcessorsInstructions() {
    assertThat(MachineSpeed.fastest(false, Processor.parse("flags : avx2 avx512f"))).isEqualTo(DType.F32);
    assertThat(MachineSpeed.fastest(false, Processor.parse("flags : avx2 avx512f avx512_bf16"))).isEqualTo(DType.BF16);
    assertThat(MachineSpeed.fastest(false, Processor.parse("flags : amx_bf16"))).isEqualTo(DType.BF16);
    assertThat(MachineSpeed.fastest(false, Processor.parse(""))).isEqualTo(DType.F32);
    assertThat(MachineSpeed.fastest(true, Processor.parse(""))).isEqualTo(DType.BF16);
  }

  @Test void aNamedTypeIsThatType() {
    assertThat(MachineSpeed.dtype("f32", Device.CPU)).isEqualTo(DType.F32);
    assertThat(MachineSpeed.dtype("auto", Device.CPU)).isEqualTo(MachineSpeed.fastest(false, Processor.here()));
  }
}
