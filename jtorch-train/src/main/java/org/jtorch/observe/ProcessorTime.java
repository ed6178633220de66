package org.jtorch.observe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What the machine's cores have done since it started, in the kernel's ticks.
///
/// @param cores of the machine
/// @param all ticks of all cores together, idle ones too
/// @param busy ticks in which a core worked for anyone, the machine's host included
/// @param own ticks in which a core worked for this process
public record ProcessorTime(int cores, long all, long busy, long own) {
  private static final int IDLE = 4;
  private static final int IO_WAIT = 5;
  private static final int STEAL = 8;
  private static final int USER_TIME = 11;

  /// As it is now, or null where the platform does not tell (it needs `/proc`).
  public static @Nullable ProcessorTime now() {
    try {
      return parse(Files.readString(Path.of("/proc/stat")), Files.readString(Path.of("/proc/self/stat")));
    } catch (IOException | RuntimeException _) {
      return null;
    }
  }

  /// From the text of `/proc/stat` and of `/proc/self/stat`.
  static ProcessorTime parse(String machine, String process) {
    String[] total = machine.lines().findFirst().orElse("").strip().split("\\s+");
    long all = 0;
    for (int i = 1; i <= STEAL; i++) {                       // guest time, behind these, is part of user time
      all += Long.parseLong(total[i]);
    }
    long idle = Long.parseLong(total[IDLE]) + Long.parseLong(total[IO_WAIT]);
    String[] self = process.substring(process.lastIndexOf(')') + 1).strip().split("\\s+");
    int cores = (int) machine.lines().filter(line -> line.matches("cpu\\d+ .*")).count();
    return new ProcessorTime(cores, all, all - idle, Long.parseLong(self[USER_TIME]) + Long.parseLong(self[USER_TIME + 1]));
  }

  /// How many cores' worth of time others than this process took since `earlier`; 0 where no time has passed.
  public double othersSince(ProcessorTime earlier) {
    long passed = all - earlier.all;
    long others = busy - earlier.busy - (own - earlier.own);
    return passed > 0 ? Math.max(0, (double) others * cores / passed) : 0;
  }

  /// How many of `wanted` cores others left this process without since `earlier`.
  public double missingSince(ProcessorTime earlier, int wanted) {
    return Math.clamp(othersSince(earlier) - (cores - wanted), 0, wanted);
  }
}
