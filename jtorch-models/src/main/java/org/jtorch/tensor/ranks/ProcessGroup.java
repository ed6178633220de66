package org.jtorch.tensor.ranks;

import com.google.errorprone.annotations.MustBeClosed;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.AllreduceOptions;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.ReduceOp;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.UnsafeJavaCpp;

/// Several processes: c10d's Gloo for tensors in memory, NCCL for those on CUDA devices.
final class ProcessGroup implements Ranks {
  private static final Duration BARRIER = Duration.ofDays(7);

  private final RankEnvironment mine;
  private final Rendezvous rendezvous;
  private final Backend gloo;
  private @Nullable Backend nccl;
  private boolean closed;

  private ProcessGroup(RankEnvironment mine, Rendezvous rendezvous, Backend gloo) {
    this.mine = mine;
    this.rendezvous = rendezvous;
    this.gloo = gloo;
  }

  @MustBeClosed
  static ProcessGroup join(RankEnvironment mine) {
    var rendezvous = Rendezvous.at(mine);
    try {
      return new ProcessGroup(mine, rendezvous, Backends.gloo(mine, rendezvous.store("gloo")));
    } catch (RuntimeException e) {
      rendezvous.close();
      throw RanksException.apart(mine, e);
    }
  }

  @Override public int rank() {
    return mine.rank();
  }

  @Override public int size() {
    return mine.size();
  }

  @Override public int localRank() {
    return mine.localRank();
  }

  @Override public void sum(List<Tensor> tensors) {
    for (var t : tensors) {
      if (t.dtype() != DType.F32 && t.dtype() != DType.F64) {
        throw new IllegalArgumentException("a sum over ranks is made in f32 or f64 but a tensor is " + t.dtype() + "; use to(DType.F32)");
      }
    }
    Buckets.forEach(tensors, t -> reduce(t, ReduceOp.RedOpType.SUM, patience()));
  }

  @Override public double[] sum(double... values) {
    return reduced(ReduceOp.RedOpType.SUM, patience(), values);
  }

  @Override public double[] max(double... values) {
    return reduced(ReduceOp.RedOpType.MAX, patience(), values);
  }

  @Override public void barrier() {
    var _ = reduced(ReduceOp.RedOpType.SUM, BARRIER, 1);
  }

  @Override public void broadcast(List<Tensor> tensors, int from) {
    Buckets.forEach(tensors, t -> send(t, from));
  }

  @Override public double[] ofFirst(double... values) {
    try (var _ = TensorScope.open()) {
      var t = doubles(values);
      send(t, 0);
      return t.toDoubles();
    }
  }

  private double[] reduced(ReduceOp.RedOpType op, Duration patience, double... values) {
    try (var _ = TensorScope.open()) {
      var t = doubles(values);
      reduce(t, op, patience);
      return t.toDoubles();
    }
  }

  /// float64 `[n]` in memory
  private static Tensor doubles(double... values) {
    var t = Ops.empty(DType.F64, Device.CPU, values.length);
    t.asSegment().copyFrom(MemorySegment.ofArray(values));
    return t;
  }

  private static Duration patience() {
    return Duration.ofMinutes(PATIENCE_MINUTES);
  }

  private void reduce(Tensor t, ReduceOp.RedOpType type, Duration patience) {
    try (var options = new AllreduceOptions(); var op = new ReduceOp(type); var time = new Milliseconds(patience.toMillis())) {
      var _ = options.reduceOp(op);
      var _ = options.timeout(time);
      exchange(t, v -> backend(t).allreduce(v, options));
    }
  }

  private void send(Tensor t, int from) {
    try (var options = new BroadcastOptions(); var time = new Milliseconds(patience().toMillis())) {
      var _ = options.rootRank(from);
      var _ = options.timeout(time);
      exchange(t, v -> backend(t).broadcast(v, options));
    }
  }

  private void exchange(Tensor t, Function<TensorVector, Work> start) {
    if (closed) {
      throw new IllegalStateException("rank " + mine.rank() + " has left the others already");
    }
    try (var handles = new TensorVector(UnsafeJavaCpp.borrow(t)); var work = start.apply(handles)) {
      var _ = work._wait();
    } catch (RuntimeException e) {
      throw RanksException.lost(mine, e);
    }
  }

  private Backend backend(Tensor t) {
    if (!t.device().isCuda()) {
      return gloo;
    }
    var made = nccl;
    if (made == null) {
      made = Backends.nccl(mine, rendezvous.store("nccl"));
      nccl = made;
    }
    return made;
  }

  @Override public void close() {
    if (!closed) {
      closed = true;
      if (nccl != null) {
        nccl.close();
      }
      gloo.close();
      rendezvous.close();
    }
  }
}
