package dev.nido.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.TryCatchBlock;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The arrows between rooms, and rules of style that a compiler does not hold. */
class ArchitectureTest {
    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.nido");

    @ParameterizedTest
    @CsvSource({
        "arch, 'java..,dev.nido.arch..'",
        "isa, 'java..,dev.nido.arch..,dev.nido.isa..'",
        "machine, 'java..,jdk.internal.misc..,dev.nido.arch..,dev.nido.isa..,dev.nido.machine..'",
    })
    void roomUsesOnlyTheJdkAndTheRoomsBelowIt(String room, String allowed) {
        classes()
                .that()
                .resideInAPackage("dev.nido." + room + "..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed.split(","))
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void boardKnowsNeitherTheCommandLineNorWhatIsAboveIt() {
        noClasses()
                .that()
                .resideInAPackage("dev.nido.board..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.nido.cli..",
                        "dev.nido.bench..",
                        "dev.nido.observe..",
                        "dev.nido.junit..")
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void noClassIsADrawer() {
        noClasses().should().haveNameMatching(".*(Utils?|Helpers?|Common|Manager)").check(ALL);
    }

    @Test
    void nothingOutsideTheCommandLineCatchesEverything() {
        classes()
                .that()
                .resideOutsideOfPackages("dev.nido.cli..")
                .should(catchNothingWiderThanItsMatter())
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void everyMethodOfTheMachineIsSmallEnoughForTheCompiler() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (JavaClass type : ALL) {
            if (!type.getPackageName().startsWith("dev.nido.machine")) {
                continue;
            }
            String file = "/" + type.getName().replace('.', '/') + ".class";
            try (InputStream in = ArchitectureTest.class.getResourceAsStream(file)) {
                ClassFile.of().parse(in.readAllBytes()).methods().stream()
                        .filter(m -> !m.methodName().equalsString("<clinit>"))
                        .filter(m ->
                                m.findAttribute(java.lang.classfile.Attributes.code())
                                        .map(code -> code.codeLength() >= 8000)
                                        .orElse(false))
                        .forEach(m -> tooLong.add(type.getName() + "." + m.methodName()));
            }
        }
        assertThat(tooLong).isEmpty();
    }

    private static ArchCondition<JavaClass> catchNothingWiderThanItsMatter() {
        Set<String> wide = Set.of("java.lang.Exception", "java.lang.RuntimeException");
        return new ArchCondition<>("catch neither Exception nor RuntimeException") {
            /**
             * {@code RuntimeException | Error}, to throw them on, is how a method handle is called.
             */
            private boolean isWide(TryCatchBlock block, Set<String> wide) {
                Set<String> caught =
                        block.getCaughtThrowables().stream()
                                .map(JavaClass::getName)
                                .collect(Collectors.toSet());
                return !caught.contains("java.lang.Error")
                        && caught.stream().anyMatch(wide::contains);
            }

            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getCodeUnits().stream()
                        .flatMap(unit -> unit.getTryCatchBlocks().stream())
                        .filter(block -> isWide(block, wide))
                        .forEach(block ->
                                events.add(
                                        SimpleConditionEvent.violated(
                                                type, block.getSourceCodeLocation().toString())));
            }
        };
    }
}
