package org.jtorch.recipes.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.doctor.Doctor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jtorch doctor`: what there is, what is missing or slow, and what to do about it.
@Command
final class DoctorCommand implements Callable<Integer> {
  @Spec @Nullable CommandSpec spec;

  @Option(names = "--report", description = "Print Markdown to paste into an issue.")
  boolean report;

  @Override public Integer call() {
    var findings = Doctor.examine();
    Output.of(spec).print(report ? findings.markdown() : findings.text());
    Output.of(spec).flush();
    return findings.works() ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
  }
}
