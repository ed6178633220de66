package org.jtorch.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// libtorch's stable C ABI: any operator of the dispatcher, called by name on raw tensor addresses.
///
/// For what the presets do not expose: `_fused_adamw_`, `_grouped_mm`, `_softmax_backward_data`, foreach
/// ops. Arguments are 64-bit slots: a tensor is a *new* handle (the callee takes it over), a double its bits,
/// an optional that is present a malloc'ed slot ([#some]), an absent one 0. Operators with a `Scalar`
/// argument cannot be reached this way (libtorch 2.10 does not convert them).
///
/// Found by symbol lookup: [#load] answers null where a symbol is missing, and callers keep a plain twin.
public final class TorchAbi {
  /// The ABI this was written against, libtorch 2.10.0: `major << 56 | minor << 48`.
  private static final long ABI_VERSION = 2L << 56 | 10L << 48;

  private final MethodHandle call;
  private final MethodHandle newList;
  private final MethodHandle push;
  private final MethodHandle newHandle;
  private final MethodHandle delete;
  private final Map<String, MemorySegment> names = new ConcurrentHashMap<>();

  private TorchAbi(MethodHandle call, MethodHandle newList, MethodHandle push, MethodHandle newHandle, MethodHandle delete) {
    this.call = call;
    this.newList = newList;
    this.push = push;
    this.newHandle = newHandle;
    this.delete = delete;
  }

  /// Binds the ABI of a loaded libtorch, or answers null if this build does not export all of it.
  public static @Nullable TorchAbi load(SymbolLookup libtorch) {
    var call = CLibrary.find(libtorch, "torch_call_dispatcher", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
    var list = CLibrary.find(libtorch, "torch_new_list_reserve_size", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
    var push = CLibrary.find(libtorch, "torch_list_push_back", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    var handle = CLibrary.find(libtorch, "aoti_torch_new_tensor_handle", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
    var delete = CLibrary.find(libtorch, "aoti_torch_delete_tensor_object", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    if (call == null || list == null || push == null || handle == null || delete == null) {
      return null;
    }
    return new TorchAbi(call, list, push, handle, delete);
  }

  /// Calls `aten::op.overload` with the given slots and returns its `results` result slots.
  ///
  /// @throws AbiException if libtorch answers with an error code
  public long[] call(String op, String overload, int results, long... arguments) {
    try (var arena = Arena.ofConfined()) {
      var stack = arena.allocate(JAVA_LONG, Math.max(1, Math.max(arguments.length, results)));
      MemorySegment.copy(arguments, 0, stack, JAVA_LONG, 0, arguments.length);
      check(op, (int) call.invokeExact(name(op), name(overload), stack, ABI_VERSION));
      var out = new long[results];
      MemorySegment.copy(stack, JAVA_LONG, 0, out, 0, results);
      return out;
    } catch (AbiException e) {
      throw e;
    } catch (Throwable e) {
      throw new AbiException(op, e);
    }
  }

  /// A new owning handle to the tensor object at `address` (an `at::Tensor*`).
  public long handle(long address) {
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(JAVA_LONG);
      check("aoti_torch_new_tensor_handle", (int) newHandle.invokeExact(address, out));
      return out.get(JAVA_LONG, 0);
    } catch (AbiException e) {
      throw e;
    } catch (Throwable e) {
      throw new AbiException("aoti_torch_new_tensor_handle", e);
    }
  }

  /// A list of new handles to the tensors at `addresses`, as an argument slot.
  public long list(long... addresses) {
    return numbers(Arrays.stream(addresses).map(this::handle).toArray());
  }

  /// A list of plain numbers, as an argument slot.
  public long numbers(long... values) {
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(JAVA_LONG);
      check("torch_new_list_reserve_size", (int) newList.invokeExact((long) values.length, out));
      long list = out.get(JAVA_LONG, 0);
      for (long value : values) {
        check("torch_list_push_back", (int) push.invokeExact(list, value));
      }
      return list;
    } catch (AbiException e) {
      throw e;
    } catch (Throwable e) {
      throw new AbiException("torch_new_list_reserve_size", e);
    }
  }

  /// Frees a handle that a call returned.
  public void delete(long handle) {
    try {
      check("aoti_torch_delete_tensor_object", (int) delete.invokeExact(handle));
    } catch (AbiException e) {
      throw e;
    } catch (Throwable e) {
      throw new AbiException("aoti_torch_delete_tensor_object", e);
    }
  }

  /// An optional argument that is present.
  public static long some(long slot) {
    return CLibrary.mallocLong(slot).address();
  }

  private MemorySegment name(String text) {
    return names.computeIfAbsent(text, t -> Arena.global().allocateFrom(t));
  }

  private static void check(String op, int code) {
    if (code != 0) {
      throw new AbiException(op, code);
    }
  }

  /// An error code from the C ABI. libtorch 2.10 prints the reason to stderr and returns only the code.
  public static final class AbiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AbiException(String op, int code) {
      super(op + ": libtorch's C ABI returned error code " + code + " (its reason is on stderr)");
    }

    AbiException(String op, Throwable cause) {
      super(op + ": the call through libtorch's C ABI failed: " + cause, cause);
    }
  }
}
