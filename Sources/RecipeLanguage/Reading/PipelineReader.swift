import Declarations
import Diagnostics
import Kinds

/// What fields may refer to: sources, the recipe's own stages, and the kinds of these.
struct References: Sendable {
    let names: Set<String>
    /// What stages of the recipe's own may be.
    let kinds: KindCatalogue

    init(sources: [Source], stages: [String], kinds: KindCatalogue) {
        names = Set(sources.map(\.name.value) + stages)
        self.kinds = kinds
    }

    func check(_ reference: Spanned<String>, _ findings: Findings) {
        if !names.contains(reference.value) {
            findings.report(.unknownSource(reference.value, among: names.sorted(), at: reference.span))
        }
    }
}

extension Fields {
    /// The name of a source or stage where the field is written; it must exist.
    func reference(_ field: Field<String>, among references: References) -> Spanned<String>? {
        guard let reference = written(field) else { return nil }
        references.check(reference, findings)
        return reference
    }

    /// The name of a source or stage, which must be given.
    func requiredReference(_ field: Field<String>, among references: References) -> Spanned<String> {
        if let reference = reference(field, among: references) { return reference }
        if node(field.name) == nil, !entries.isEmpty || entry(field.name) != nil {
            report(
                .missingField(field.name, in: owner, at: anchor, help: "add '\(field.name): SOURCE', a name under 'sources'"))
        }
        return standard(field.name, "")
    }

    func references(_ field: Field<[Spanned<String>]>, among references: References) -> Spanned<[Spanned<String>]> {
        let found = self[field]
        for reference in found.value { references.check(reference, findings) }
        return found
    }
}

/// Reads the sections of a recipe's variants, each section once per combination of the axes that it depends on.
struct PipelineReader {
    private let recipe: ExpandedRecipe
    private let references: References
    private let findings: Findings
    private var read: [String: ReadSection] = [:]

    /// A section by the values of the axes that it depends on.
    private final class ReadSection {
        let axes: [Int]
        var known: [[Int]: AnyObject] = [:]
        /// Of the combination before: most sections stay as they are from one combination to the next.
        var last: (values: [Int], section: AnyObject)?

        init(axes: [Int]) { self.axes = axes }
    }

    init(_ recipe: ExpandedRecipe, references: References, findings: Findings) {
        (self.recipe, self.references, self.findings) = (recipe, references, findings)
    }

    /// The pipeline of a combination of the matrix: an index into each axis.
    mutating func pipeline(of combination: [Int]) -> Pipeline {
        let references = references
        let prune = section("prune", combination) { PruneTurn.list(reading: $0, references: references) }
        let student = section("student", combination) { StudentSection(reading: $0, references: references) }
        let own = section("transfer", combination) { Transfer(reading: Transfer.Definition.top, in: $0, .student) }
        let transfer =
            if let written = student.value.transfer {
                section("student", combination, as: "student transfer") { _ in written }
            } else {
                own
            }
        if let other = student.value.transfer, own.value.field.isWritten {
            findings.report(
                .conflict, "the student's transfer is written twice", at: other.field.span,
                secondary: [.init(own.value.field.span)], help: "keep one of the two")
        }
        let wantsReinforcement = transfer.value.firstStar != nil || prune.value.contains { $0.recover?.firstStar != nil }
        return Pipeline(
            sections: .init(
                task: section("task", combination) { TaskSection(reading: $0, references: references) },
                data: section("data", combination) { DataSection(reading: $0, references: references) },
                datasets: section("datasets", combination) { FurtherData.list(reading: $0, references: references) },
                instructions: section("instructions", combination) { $0[Pipeline.Definition.instructions] },
                examples: section("examples", combination) { $0.examples },
                prompts: section("prompts", combination) { PromptsSection(reading: $0) },
                references: section("references", combination) { $0[Pipeline.Definition.references] },
                tokenizer: section("tokenizer", combination) { TokenizerSection(reading: $0, references: references) },
                teacher: section("teacher", combination) { TeacherSection(reading: $0, references: references) },
                teacherTransfer: teacherTransfer(combination, wantsReinforcement: wantsReinforcement),
                teachers: section("teachers", combination) { FurtherTeacher.list(reading: $0, references: references) },
                student: student, studentButForSeed: section("student", combination, apartFrom: "student.seed") { _ in },
                sample: section("sample", combination) { Sample(reading: $0) },
                judge: section("judge", combination) { JudgeSection(reading: $0, references: references) },
                reward: section("reward", combination) { RewardSection(reading: $0, references: references) },
                transfer: transfer,
                prune: prune,
                quantize: section("quantize", combination) { QuantizeSection(reading: $0, references: references) },
                evaluate: section("evaluate", combination) { EvaluateSection(reading: $0, references: references) },
                baseline: section("baseline", combination) { BaselineSection(reading: $0, references: references) },
                stages: section("stages", combination) { NamedStage.list(reading: $0, references: references) },
                numerics: section("numerics", combination) { $0[NumericsProfile.Definition.field] }))
    }

    /// The teacher's own transfer, or the standard one: RL follows where a strategy of the student has a `*`.
    private mutating func teacherTransfer(
        _ combination: [Int], wantsReinforcement: Bool
    ) -> Pipeline.Shared<Transfer> {
        let methods: [Transfer.Method] = wantsReinforcement ? [.sft, .reinforcement] : [.sft]
        return section("teacher", combination, as: wantsReinforcement ? "teacher transfer RL" : "teacher transfer") { recipe in
            let fields = recipe.section(Pipeline.Definition.teacher)
            return fields.node("transfer") == nil
                ? Transfer(standard: methods, for: Transfer.Definition.teacher, in: fields, .teacher)
                : Transfer(reading: Transfer.Definition.teacher, in: fields, .teacher)
        }
    }

    /// - Parameters:
    ///   - key: tells what is made of a section apart from the section; its name where nothing else is.
    ///   - field: one that does not matter.
    private mutating func section<Section: Sendable>(
        _ name: String, _ combination: [Int], as key: String? = nil, apartFrom field: String? = nil,
        read make: (Fields) -> Section
    ) -> Pipeline.Shared<Section> {
        let key = key ?? (field == nil ? name : "\(name) but for a field")
        let memory =
            read[key] ?? ReadSection(axes: recipe.axes(of: name).filter { recipe.matrix.axes[$0].field != field })
        read[key] = memory
        let values = memory.axes.map { combination[$0] }
        if let last = memory.last, last.values == values, let known = last.section as? Pipeline.Shared<Section> { return known }
        let section =
            memory.known[values] as? Pipeline.Shared<Section>
            ?? Pipeline.Shared(make(recipe.fields(for: name, combination, findings)))
        memory.known[values] = section
        memory.last = (values, section)
        return section
    }
}
