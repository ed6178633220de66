package org.jtorch.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The C library of this process: the allocator's knobs and `malloc`.
public final class CLibrary {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBC = LINKER.defaultLookup();

  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_MMAP_THRESHOLD = -3;
  private static final int MALLINFO_FIELDS = 10;
  private static final int MAPPED_BYTES = 4;
  private static final int ARENA_BYTES_IN_USE = 7;
  private static final int RTLD_NOW = 2;
  private static final int RTLD_GLOBAL = 0x100;

  private CLibrary() {}

  /// The handle of a function of the C library, or null where the platform has none of that name.
  static @Nullable MethodHandle find(SymbolLookup lookup, String name, FunctionDescriptor type, Linker.Option... options) {
    return lookup.find(name).map(at -> LINKER.downcallHandle(at, type, options)).orElse(null);
  }

  /// Tells glibc to keep freed memory instead of handing it back to the kernel, which would have to zero
  /// the same pages again at every training step (docs/memory.md has the measurement).
  ///
  /// @return what was done, for reports: "glibc: mmap threshold 1 GiB, no trimming", or why nothing was
  public static String keepFreedMemory() {
    var mallopt = find(LIBC, "mallopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    if (mallopt == null) {
      return "left alone (no mallopt on this platform)";
    }
    boolean done = tune(mallopt, M_MMAP_THRESHOLD, 1 << 30) && tune(mallopt, M_TRIM_THRESHOLD, Integer.MAX_VALUE);
    return done ? "glibc: mmap threshold 1 GiB, no trimming" : "glibc refused mallopt";
  }

  /// Bytes that this process has from `malloc` now, tensors among them; -1 where the C library does not tell (`mallinfo2`).
  public static long allocated() {
    var mallinfo = Holder.MALLINFO;
    if (mallinfo == null) {
      return -1;
    }
    try (var arena = Arena.ofConfined()) {
      var info = (MemorySegment) mallinfo.invokeExact((SegmentAllocator) arena);
      return info.getAtIndex(JAVA_LONG, MAPPED_BYTES) + info.getAtIndex(JAVA_LONG, ARENA_BYTES_IN_USE);
    } catch (Throwable e) {
      throw new IllegalStateException("mallinfo2() failed", e);
    }
  }

  /// Sets an environment variable of this process for libraries that are loaded later, unless it is set.
  ///
  /// @return its value from now on, or null where the platform has no `setenv`
  public static @Nullable String environment(String name, String value) {
    String before = System.getenv(name);
    if (before != null) {
      return before;
    }
    var setenv = find(LIBC, "setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    if (setenv == null) {
      return null;
    }
    try (var arena = Arena.ofConfined()) {
      return (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0) == 0 ? value : null;
    } catch (Throwable e) {
      throw new IllegalStateException("setenv(" + name + ") failed", e);
    }
  }

  /// Opens a shared library so that libraries loaded later find its symbols before those of what they are linked against
  /// (`dlopen` with `RTLD_NOW | RTLD_GLOBAL`). It stays open.
  ///
  /// @return whether it is open now; false where the platform has no `dlopen` or refuses the file
  public static boolean openForAll(Path library) {
    var dlopen = find(LIBC, "dlopen", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    if (dlopen == null) {
      return false;
    }
    try (var arena = Arena.ofConfined()) {
      return ((MemorySegment) dlopen.invokeExact(arena.allocateFrom(library.toString()), RTLD_NOW | RTLD_GLOBAL)).address() != 0;
    } catch (Throwable e) {
      throw new IllegalStateException("dlopen(" + library + ") failed", e);
    }
  }

  private static boolean tune(MethodHandle mallopt, int parameter, int value) {
    try {
      return (int) mallopt.invokeExact(parameter, value) == 1;
    } catch (Throwable e) {
      throw new IllegalStateException("mallopt(" + parameter + ", " + value + ") failed", e);
    }
  }

  /// Eight bytes from `malloc` that hold `value`: how the C ABI spells an optional that is present.
  /// The callee frees them.
  static MemorySegment mallocLong(long value) {
    try {
      var at = (MemorySegment) Holder.MALLOC.invokeExact(8L);
      at.reinterpret(8).set(JAVA_LONG, 0, value);
      return at;
    } catch (Throwable e) {
      throw new IllegalStateException("malloc(8) failed", e);
    }
  }

  /// Calls `function(threads)` of a loaded library, if it exports that.
  public static boolean setThreads(SymbolLookup library, String function, int threads) {
    var set = find(library, function, FunctionDescriptor.ofVoid(JAVA_INT));
    if (set == null) {
      return false;
    }
    try {
      set.invokeExact(threads);
      return true;
    } catch (Throwable e) {
      throw new IllegalStateException(function + "(" + threads + ") failed", e);
    }
  }

  private static final class Holder {
    static final @Nullable MethodHandle MALLINFO = find(LIBC, "mallinfo2",
        FunctionDescriptor.of(MemoryLayout.structLayout(MemoryLayout.sequenceLayout(MALLINFO_FIELDS, JAVA_LONG))));
    static final MethodHandle MALLOC =
        LINKER.downcallHandle(LIBC.find("malloc").orElseThrow(), FunctionDescriptor.of(ADDRESS, JAVA_LONG));
  }
}
