package org.jtorch.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.Path;

/// The walls of the house (docs/decisions): where JavaCPP may be seen, which way modules point, no cycles.
@AnalyzeClasses(packages = "org.jtorch", importOptions = ImportOption.DoNotIncludeTests.class)
class HouseTest {
  private static final String[] MODELS = {"..tensor..", "..ffm..", "..nn..", "..attention..", "..ffn..", "..decoder..", "..family..",
      "..io..", "..text..", "..chat..", "..jinja..", "..bpe..", "..generate..", "..encoder..", "..head..", "..adapter..", "..quant..", "..gguf..",
      "..upcycle..", "..merge.."};
  private static final String[] TRAIN = {"..optim..", "..loss..", "..data..", "..corpus..", "..train..", "..observe..", "..parity..", "..distill..",
      "..prune..", "..longcontext..", "org.jtorch.eval.."};

  @ArchTest
  static final ArchRule only_the_tensor_package_sees_javacpp =
      noClasses().that().resideOutsideOfPackage("org.jtorch.tensor..").should().dependOnClassesThat().resideInAPackage("org.bytedeco..");

  @ArchTest
  static final ArchRule javacpp_leaves_the_tensor_package_only_through_the_hatch_whose_name_warns =
      methods().that().areDeclaredInClassesThat().resideInAPackage("org.jtorch.tensor").and().arePublic()
          .and().areDeclaredInClassesThat().arePublic().and().areDeclaredInClassesThat().doNotHaveSimpleName("UnsafeJavaCpp")
          .should(new ArchCondition<>("not mention JavaCPP's types") {
            @Override public void check(JavaMethod method, ConditionEvents events) {
              boolean seen = isJavaCpp(method.getRawReturnType()) || method.getRawParameterTypes().stream().anyMatch(HouseTest::isJavaCpp);
              if (seen) {
                events.add(SimpleConditionEvent.violated(method, method.getFullName() + " shows a JavaCPP type"));
              }
            }
          });

  @ArchTest
  static final ArchRule models_know_nothing_of_trainers =
      noClasses().that().resideInAnyPackage(MODELS).should().dependOnClassesThat().resideInAnyPackage(TRAIN);

  @ArchTest
  static final ArchRule trainers_know_nothing_of_alignment =
      noClasses().that().resideInAnyPackage(TRAIN).should().dependOnClassesThat().resideInAPackage("org.jtorch.align..");

  @ArchTest
  static final ArchRule nobody_below_knows_recipes =
      noClasses().that().resideOutsideOfPackage("org.jtorch.recipes..").should().dependOnClassesThat().resideInAPackage("org.jtorch.recipes..");

  @ArchTest
  static final ArchRule no_cycles_between_packages = slices().matching("org.jtorch.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule models_and_trainers_print_nothing =
      noClasses().that().resideOutsideOfPackages("org.jtorch.recipes..", "org.jtorch.observe..")
          .should().accessField(System.class, "out").orShould().accessField(System.class, "err");

  @ArchTest
  static final ArchRule files_are_renamed_in_one_place =
      noClasses().that().resideOutsideOfPackage("org.jtorch.io").should()
          .callMethod(Files.class, "move", Path.class, Path.class, CopyOption[].class);

  @ArchTest
  static final ArchRule libraries_stay_where_they_serve_picocli =
      noClasses().that().resideOutsideOfPackage("org.jtorch.recipes.cli..").should().dependOnClassesThat().resideInAPackage("picocli..");

  @ArchTest
  static final ArchRule libraries_stay_where_they_serve_tokenizers =
      noClasses().that().resideOutsideOfPackage("org.jtorch.text").should().dependOnClassesThat().resideInAPackage("ai.djl..");

  @ArchTest
  static final ArchRule templates_of_strangers_see_nothing_of_ours_and_no_library =
      noClasses().that().resideInAPackage("org.jtorch.jinja..").should().dependOnClassesThat()
          .resideOutsideOfPackages("org.jtorch.jinja..", "java..", "org.jspecify..");

  private static boolean isJavaCpp(JavaClass type) {
    return type.getPackageName().startsWith("org.bytedeco");
  }
}
