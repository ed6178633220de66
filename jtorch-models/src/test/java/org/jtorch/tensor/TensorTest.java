package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jtorch.ffm.MappedFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("MustBeClosedChecker")
class TensorTest {
  private TensorScope scope;

  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void close() {
    scope.close();
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "F64", "BF16"})
  void arithmeticByHand(DType dtype) {
    Tensor a = Tensor.of(1f, 2f, 3f, 4f).view(2, 2).to(dtype);
    Tensor b = Tensor.of(5f, 6f, 7f, 8f).view(2, 2).to(dtype);
    for (var t : new Tensor[] {a.add(b), a.sub(b), a.mul(b), a.matmul(b), a.t(), a.square()}) {
      assertThat(t.dtype()).isEqualTo(dtype);
    }
    assertThat(a.add(b).toFloats()).containsExactly(6, 8, 10, 12);
    assertThat(a.sub(b).toFloats()).containsExactly(-4, -4, -4, -4);
    assertThat(a.mul(b).toFloats()).containsExactly(5, 12, 21, 32);
    assertThat(b.sub(a).div(a.add(0)).toFloats()[3]).isEqualTo(1);
    assertThat(a.matmul(b).toFloats()).containsExactly(19, 22, 43, 50);
    assertThat(Ops.linear(a, b, null).toFloats()).containsExactly(17, 23, 39, 53);
    assertThat(Ops.linear(a, b, a.select(0, 0)).toFloats()).containsExactly(18, 25, 40, 55);
    assertThat(a.t().toFloats()).containsExactly(1, 3, 2, 4);
    assertThat(a.pow(3).toFloats()).containsExactly(1, 8, 27, 64);
    assertThat(a.square().sqrt().neg().abs().toFloats()).containsExactly(1, 2, 3, 4);
    assertThat(a.sum().item()).isEqualTo(10);
    assertThat(a.mean().item()).isEqualTo(2.5);
    assertThat(a.sum(0, false).toFloats()).containsExactly(4, 6);
    assertThat(a.mean(1, true).shape()).containsExactly(2, 1);
    assertThat(a.amax(1, false).toFloats()).containsExactly(2, 4);
    assertThat(a.max().item()).isEqualTo(4);
    assertThat(a.cumsum(1).toFloats()).containsExactly(1, 3, 3, 7);
    assertThat(Ops.norm(Tensor.of(3f, 4f).to(dtype)).item()).isEqualTo(5);
    assertThat(Ops.norm(a, -1, true).toFloats()).containsExactly((float) Math.sqrt(5), 5);
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "F64", "BF16"})
  void functionsByHand(DType dtype) {
    double x = 0.75;
    double eps = dtype == DType.BF16 ? 8e-3 : 1e-6;
    double gelu = 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    Map<Double, UnaryOperator<Tensor>> table = Map.of(Math.exp(x), Tensor::exp, Math.log(x), Tensor::log, Math.cos(x), Tensor::cos,
        Math.sin(x), Tensor::sin, Math.tanh(x), Tensor::tanh, 1 / (1 + Math.exp(-x)), Tensor::sigmoid, 1 / Math.sqrt(x), Tensor::rsqrt,
        x / (1 + Math.exp(-x)), Ops::silu, gelu, Ops::geluTanh, -Math.log1p(Math.exp(-x)), Ops::logSigmoid);
    table.forEach((expected, f) -> assertThat(f.apply(Tensor.of((float) x).to(dtype)).item()).isCloseTo(expected, within(eps)));
    double[] p = Tensor.of(0f, (float) Math.log(3)).to(dtype).softmax(0).toDoubles();
    assertThat(p).containsExactly(new double[] {0.25, 0.75}, within(eps));
    assertThat(Tensor.of(0f, (float) Math.log(3)).to(dtype).logSoftmax(0).toDoubles()[0]).isCloseTo(Math.log(0.25), within(2 * eps));
  }

  @Test void inPlaceChangesThisTensorAndItsViews() {
    Tensor a = Tensor.of(1f, 2f, 3f, 4f);
    Tensor tail = a.narrow(0, 2, 2);
    assertThat(a.addInPlace(a)).isSameAs(a);
    assertThat(tail.toFloats()).containsExactly(6, 8);
    tail.mulInPlace(2).addInPlace(Tensor.of(1f, 1f), -1);
    assertThat(a.toFloats()).containsExactly(2, 4, 11, 15);
    a.mulInPlace(Tensor.of(1f, 0f, 1f, 0f)).addcmulInPlace(Tensor.of(1f, 1f, 1f, 1f), Tensor.of(1f, 2f, 3f, 4f), 0.5);
    assertThat(a.toFloats()).containsExactly(2.5f, 1, 12.5f, 2);
    a.copyInPlace(Tensor.of(9, 8, 7, 6));
    a.indexAddInPlace(0, Tensor.of(0, 0, 3), Tensor.of(1f, 1f, 1f));
    assertThat(a.toFloats()).containsExactly(11, 8, 7, 7);
    a.indexCopyInPlace(0, Tensor.of(1L), Tensor.of(-1f));
    a.scatterInPlace(0, Tensor.of(2L), Tensor.of(-2f));
    assertThat(a.toFloats()).containsExactly(11, -1, -2, 7);
    assertThat(a.fillInPlace(3).toFloats()).containsOnly(3);
    assertThat(a.zeroInPlace().toFloats()).containsOnly(0);
  }

  @Test void shapesAndIndexing() {
    Tensor a = Ops.arange(0, 24, Device.CPU).view(2, 3, 4);
    assertThat(a.is(2, 3, 4)).isTrue();
    assertThat(a.select(1, 2).toLongs()).containsExactly(8, 9, 10, 11, 20, 21, 22, 23);
    assertThat(a.permute(2, 0, 1).shape()).containsExactly(4, 2, 3);
    assertThat(a.transpose(0, 2).isContiguous()).isFalse();
    assertThat(a.transpose(0, 2).contiguous().toLongs()).startsWith(0, 12, 4, 16);
    assertThat(a.unflatten(2, 2, 2).shape()).containsExactly(2, 3, 2, 2);
    assertThat(a.unflatten(1, 3, 1).shape()).containsExactly(2, 3, 1, 4);
    assertThat(a.flatten(0, 1).shape()).containsExactly(6, 4);
    assertThat(a.unsqueeze(0).squeeze(0).shape()).containsExactly(2, 3, 4);
    assertThat(a.narrow(2, 0, 1).expand(2, 3, 5).shape()).containsExactly(2, 3, 5);
    assertThat(a.split(2, 1)).extracting(t -> t.size(1)).containsExactly(2L, 1L);
    assertThat(a.indexSelect(0, Tensor.of(1L)).toLongs()).startsWith(12, 13);
    assertThat(Tensor.of(5, 6, 7).gather(0, Tensor.of(2, 0)).toLongs()).containsExactly(7, 5);
    assertThat(Ops.cat(0, Tensor.of(1L), Tensor.of(2, 3)).toLongs()).containsExactly(1, 2, 3);
    assertThat(Tensor.of(3f, 9f, 4f).argMax(0).itemLong()).isEqualTo(1);
    assertThat(Ops.topK(Tensor.of(3f, 9f, 4f), 2).indices().toLongs()).containsExactly(1, 2);
    assertThat(Ops.sort(Tensor.of(3f, 9f, 4f), 0, true).values().toFloats()).containsExactly(9, 4, 3);
    Tensor x = Tensor.of(1, 2, 3);
    assertThat(x.gt(Tensor.of(2, 2, 2)).not().and(x.eq(1)).toLongs()).containsExactly(1, 0, 0);
    assertThat(x.ge(2).toLongs()).containsExactly(0, 1, 1);
    assertThat(x.maskedFill(x.le(Tensor.of(2, 2, 2)), -1).toLongs()).containsExactly(-1, -1, 3);
    assertThat(Ops.where(x.lt(Tensor.of(2, 2, 2)), x, x.neg()).toLongs()).containsExactly(1, -2, -3);
    assertThat(Ops.embedding(Tensor.of(1f, 2f, 3f, 4f).view(2, 2), Tensor.of(1, 0)).toFloats()).containsExactly(3, 4, 1, 2);
  }

  @ParameterizedTest @EnumSource(DType.class)
  void everyDtypeIsMadeReadAndParsed(DType dtype) {
    Tensor t = Ops.ones(dtype, Device.CPU, 3);
    assertThat(t.dtype()).isEqualTo(dtype);
    assertThat(t.bytes()).isEqualTo(3L * dtype.bytes());
    assertThat(t.toLongs()).containsExactly(1, 1, 1);
    assertThat(DType.parse(dtype.toString())).isEqualTo(dtype);
    assertThat(DType.parse(dtype.name())).isEqualTo(dtype);
    assertThat(DType.parse("torch." + dtype.hfName())).isEqualTo(dtype);
  }

  @Test void unknownNamesNameTheKnown() {
    assertThatIllegalArgumentException().isThrownBy(() -> DType.parse("f8_e4m3"))
        .withMessageContaining("f8_e4m3").withMessageContaining("bf16");
    assertThatIllegalArgumentException().isThrownBy(() -> Device.parse("tpu")).withMessageContaining("use best, cpu, cuda or cuda:N");
    assertThatIllegalArgumentException().isThrownBy(() -> Device.parse("cuda:99")).withMessageContaining("not there");
    assertThat(Device.parse("cpu")).isEqualTo(Device.CPU);
  }

  @Test void bf16RoundsToEightBits() {
    float[] back = Tensor.of(1.00390625f, 3.14159265f, -0f).to(DType.BF16).toFloats();
    assertThat(back).containsExactly(1, 3.140625f, -0f);
    assertThat(Tensor.of(1f, 2f, 3f, 4f).view(2, 2).t().to(DType.BF16).toFloats()).containsExactly(1, 3, 2, 4);
  }

  @Test void refusalsNameOperatorAndOperands() {
    Tensor a = Ops.zeros(DType.F32, Device.CPU, 2, 3);
    assertThatThrownBy(() -> a.matmul(a)).isInstanceOf(TorchException.class)
        .hasMessage("matmul: f32 [2, 3] x f32 [2, 3]: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)")
        .satisfies(e -> assertThat(((TorchException) e).op()).isEqualTo("matmul"))
        .satisfies(e -> assertThat(((TorchException) e).isOutOfMemory()).isFalse())
        .hasCauseInstanceOf(RuntimeException.class);
    Tensor ids = Tensor.of(1, 2);
    Map<String, Function<Tensor, Object>> refused = Map.of("view: f32 [2, 3]: ", t -> t.view(7), "add: f32 [2, 3] x i64 [2]: ", t -> t.add(ids),
        "add_: f32 [2, 3] x i64 [2]: ", t -> t.addInPlace(ids), "cat: f32 [2, 3] x i64 [2]: ", t -> Ops.cat(0, t, ids),
        "narrow: f32 [2, 3]: ", t -> t.narrow(1, 2, 5), "embedding: f32 [2, 3] x f32 [2, 3]: ", t -> Ops.embedding(t, t),
        "item: f32 [2, 3]: ", Tensor::item, "split: f32 [2, 3]: ", t -> t.split(-1, 0),
        "sort: f32 [2, 3]: ", t -> Ops.sort(t, 5, false));
    assertThatThrownBy(a::backward).isInstanceOf(TorchException.class).hasMessageStartingWith("backward: f32 [2, 3]: ");
    refused.forEach((start, op) -> assertThatThrownBy(() -> op.apply(a)).isInstanceOf(TorchException.class)
        .hasMessageStartingWith(start).message().doesNotContain("\n").hasSizeGreaterThan(start.length()));
  }

  @Test void tooMuchMemoryIsRecognised() {
    assertThatThrownBy(() -> Ops.empty(DType.F32, Device.CPU, 1L << 46)).isInstanceOf(TorchException.class)
        .satisfies(e -> assertThat(((TorchException) e).isOutOfMemory()).isTrue());
  }

  @Test void aliasesShareTheMemory() {
    try (var arena = Arena.ofConfined()) {
      var memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3);
      Tensor alias = Tensor.alias(memory, DType.F32, 3);
      alias.mulInPlace(2);
      assertThat(memory.getAtIndex(ValueLayout.JAVA_FLOAT, 2)).isEqualTo(6);
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, 0, -1);
      assertThat(alias.toFloats()).containsExactly(-1, 4, 6);
      assertThat(alias.asSegment().address()).isEqualTo(memory.address());
      assertThatIllegalArgumentException().isThrownBy(() -> Tensor.alias(memory, DType.F64, 3)).withMessageContaining("needs 24 bytes");
      assertThatIllegalArgumentException().isThrownBy(() -> Tensor.alias(MemorySegment.ofArray(new float[3]), DType.F32, 3))
          .withMessageContaining("on the heap");
    }
    MemorySegment dead;
    try (var arena = Arena.ofConfined()) {
      dead = arena.allocate(8);
    }
    assertThatIllegalStateException().isThrownBy(() -> Tensor.alias(dead, DType.F32, 2)).withMessageContaining("closed");
  }

  @Test void readOnlyMemoryRefusesEveryChange() {
    try (var arena = Arena.ofConfined()) {
      var memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
      Tensor alias = Tensor.alias(memory.asReadOnly(), DType.F32, 2, 2);
      Tensor one = Ops.ones(DType.F32, Device.CPU, 2, 2);
      for (var t : new Tensor[] {alias, alias.view(2, 2), alias.t(), alias.transpose(0, 1), alias.permute(1, 0), alias.narrow(0, 0, 1),
          alias.narrow(0, 0, 2).view(4), alias.select(0, 1), alias.detach(), alias.unsqueeze(0), alias.reshape(4), alias.split(1, 1).get(1),
          alias.expand(2, 2, 2), alias.flatten(0, 1), alias.unflatten(1, 2, 1), alias.to(DType.F32), alias.to(Device.CPU), alias.contiguous()}) {
        assertThatIllegalStateException().isThrownBy(() -> t.addInPlace(t)).withMessageContaining("read-only mapping; copy() it first");
        assertThatIllegalStateException().isThrownBy(t::zeroInPlace);
        assertThatIllegalStateException().isThrownBy(() -> t.mulInPlace(2));
        assertThatIllegalStateException().isThrownBy(() -> Ops.mulInto(t, t, t)).withMessageContaining("read-only");
        assertThatIllegalStateException().isThrownBy(() -> Ops.siluInto(t, t)).withMessageContaining("read-only");
        assertThatIllegalStateException().isThrownBy(() -> Ops.softmaxInto(t, t, 0)).withMessageContaining("read-only");
      }
      assertThatIllegalStateException().isThrownBy(() -> Ops.matmulInto(alias, one, one)).withMessageContaining("read-only");
      assertThatIllegalStateException().isThrownBy(() -> Ops.addmmInPlace(alias, 1, 1, one, one)).withMessageContaining("read-only");
      assertThat(alias.asSegment().isReadOnly()).isTrue();
      assertThat(alias.copy().addInPlace(one).toFloats()).containsExactly(2, 3, 4, 5);
      assertThat(one.copyInPlace(alias).toFloats()).containsExactly(1, 2, 3, 4);
    }
  }

  @Test void filesBeyondTwoGibibytesAreTensorsWithoutACopy(@TempDir Path folder) throws IOException {
    long n = 600_000_000L;                                                  // 2.4 GB, sparse: no block on disk but the last
    var file = folder.resolve("large.f32");
    try (var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
      channel.write(ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putFloat(42.5f).flip(), 4 * (n - 1));
    }
    try (var mapped = MappedFile.open(file); var _ = TensorScope.open()) {
      Tensor t = Tensor.alias(mapped.segment(), DType.F32, n);
      assertThat(t.bytes()).isGreaterThan(Integer.MAX_VALUE);
      assertThat(t.select(0, n - 1).item()).isEqualTo(42.5);
      assertThat(t.narrow(0, n - 3, 3).toFloats()).containsExactly(0, 0, 42.5f);
      assertThatIllegalStateException().isThrownBy(() -> t.narrow(0, n - 1, 1).zeroInPlace());
    }
  }

  @Test void segmentsNeedContiguousMemory() {
    Tensor t = Tensor.of(1f, 2f, 3f, 4f).view(2, 2).t();
    assertThatIllegalArgumentException().isThrownBy(t::asSegment).withMessageContaining("contiguous");
    assertThat(t.contiguous().asSegment().byteSize()).isEqualTo(16);
    assertThat(Ops.zeros(DType.F32, Device.CPU, 0).toFloats()).isEmpty();
  }

  @ParameterizedTest @ValueSource(longs = {0, 1, -7, Long.MAX_VALUE})
  void randomNumbersRepeatAndResume(long seed) {
    var rng = Rng.of(seed);
    double[] first = rng.uniforms(5);
    float[] normal = rng.normal(0, 1, DType.F32, Device.CPU, 1000).toFloats();
    assertThat(rng.counter()).isEqualTo(6);
    assertThat(Rng.of(seed).uniforms(5)).isEqualTo(first);
    assertThat(first).doesNotHaveDuplicates();
    assertThat(Arrays.stream(first)).allMatch(u -> u >= 0 && u < 1);
    var resumed = Rng.at(seed, 3);
    assertThat(resumed.uniform()).isEqualTo(first[3]);
    assertThat(resumed.uniform()).isEqualTo(first[4]);
    assertThat(resumed.normal(0, 1, DType.F32, Device.CPU, 1000).toFloats()).isEqualTo(normal);
    assertThat(Rng.of(seed + 1).uniforms(5)).isNotEqualTo(first);
    double mean = 0;
    for (float x : normal) {
      mean += x / 1000;
    }
    assertThat(mean).isCloseTo(0, within(0.15));
  }

  @Test void uniformNumbersAreUniform() {
    var counts = new int[10];
    for (double u : Rng.of(3).uniforms(10_000)) {
      counts[(int) (u * 10)]++;
    }
    assertThat(Arrays.stream(counts).boxed()).allMatch(c -> c > 850 && c < 1150);
  }

  @Test void gradModeIsRestored() {
    Tensor x = Tensor.of(3f).requiresGrad(true);
    try (var _ = Grad.off()) {
      assertThat(x.square().requiresGrad()).isFalse();
      try (var _ = Grad.on()) {
        assertThat(x.square().requiresGrad()).isTrue();
      }
      assertThat(Grad.isOn()).isFalse();
    }
    assertThat(Grad.isOn()).isTrue();
    x.square().backward();
    assertThat(x.grad()).isNotNull().satisfies(g -> assertThat(g.item()).isEqualTo(6));
    x.setGrad(null);
    assertThat(x.grad()).isNull();
  }

  /// As in PyTorch: `t + 1` keeps int64, `t + 1.5` is float32, `t / 2` is float32; floating-point tensors keep their type.
  @Test void numbersPromoteAsInPyTorch() {
    Tensor t = Tensor.of(1L, 1L << 40, 7);
    for (Tensor whole : List.of(t.add(1), t.sub(-1), t.add(2L).sub(1))) {
      assertThat(whole.dtype()).isEqualTo(DType.I64);
      assertThat(whole.toLongs()).containsExactly(2, (1L << 40) + 1, 8);
    }
    assertThat(t.mul(3).toLongs()).containsExactly(3, 3L << 40, 21);
    assertThat(t.pow(2).toLongs()).startsWith(1).endsWith(49);
    assertThat(t.copy().mulInPlace(2).toLongs()).containsExactly(2, 1L << 41, 14);
    assertThat(t.ge((1L << 40) + 1).toLongs()).containsExactly(0, 0, 0);
    assertThat(t.maskedFill(t.ge(2), (1L << 40) + 1).toLongs()).containsExactly(1, (1L << 40) + 1, (1L << 40) + 1);
    assertThat(Ops.clampMin(t.sub(3), 0).toLongs()).containsExactly(0, (1L << 40) - 3, 4);
    assertThat(t.to(DType.I32).add(1).dtype()).isEqualTo(DType.I32);
    for (Tensor real : List.of(t.add(1.5), t.sub(1.0), t.mul(1.0), t.div(2), t.div(2L), t.pow(2.0), Ops.clampMin(t, 0.5))) {
      assertThat(real.dtype()).isEqualTo(DType.F32);
    }
    assertThat(t.div(2).toFloats()).startsWith(0.5f).endsWith(3.5f);
    for (DType type : List.of(DType.BF16, DType.F16, DType.F32, DType.F64)) {
      Tensor x = Ops.ones(type, Device.CPU, 2);
      for (Tensor same : List.of(x.add(1), x.add(1.5), x.mul(2), x.sub(1), x.div(2), x.pow(2), Ops.clampMin(x, 0))) {
        assertThat(same.dtype()).isEqualTo(type);
      }
    }
  }
}
