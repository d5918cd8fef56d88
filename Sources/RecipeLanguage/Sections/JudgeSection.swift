import Declarations
import Diagnostics
import Kinds
import SpannedYAML
import Words

/// `judge`: who decides whether an answer is right, for rollouts and in the evaluation alike.
package struct JudgeSection: Sendable {
    /// With the question where a model decides, and the program where one does.
    package let judge: Judge
    /// The model that judges: a source or stage, or an endpoint; one of the two where a model is asked.
    package let from: Spanned<String>?
    package let endpoint: EndpointSection?
    /// The source of the files of a program that judges.
    package let script: Spanned<String>?
    /// `nil` where the judge is believed as it is.
    package let validation: JudgeValidation?

    package var kind: Spanned<JudgeKind> { judge.$kind }

    enum Definition {
        static let from = Field.text("from", "The source or stage of the model that judges.")
        static let endpoint = SectionField("endpoint", EndpointSection.Definition.mapping)
        static let rubric = SectionField(
            "rubric", Rubric.mapping("judge.rubric", "Grades that a judging model gives in place of yes and no."))
        static let script = Field.text(
            "script", "The source of the files of a program that judges, which sees them in `inputs/script`.")
        static let mapping = MappingDefinition(
            "judge", "Who decides whether an answer is right, for rollouts and in the evaluation alike.",
            Judge.fields() + [from, endpoint] + ModelQuestion.fields() + [rubric, Exec.Definition.command, script]
                + JudgingProgram.fields() + [JudgeValidation.Definition.field])
        private static let kinds = ValueType.choice(JudgeKind.allCases.map(\.spelling))
        static let field = RawField(
            "judge", .either([kinds, .list(.either([kinds, .mapping(mapping)])), .mapping(mapping)]), standard: "`ast`",
            mapping.documentation + " `judge: exact` is short for `judge: {kind: exact}`, and `judge: [format, exact]` for "
                + "`judge: {kind: exact, checks: [format]}`.")
    }

    init(reading recipe: Fields, references: References) {
        let entry = recipe.entry(Definition.field.name)
        let fields = Fields(
            Definition.mapping, path: Definition.field.name, anchor: entry?.key.span ?? recipe.anchor,
            entries: recipe.node(Definition.field.name).map { JudgeChain($0, recipe.findings).entries } ?? [],
            findings: recipe.findings)
        var judge = Judge.standard
        judge.read(fields)
        from = fields.reference(Definition.from, among: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        script = fields.reference(Definition.script, among: references)
        let question = Self.question(fields, endpoint)
        judge.$question = judge.judges.map { $0.contains(.model) ? question : nil }
        if judge.judges.value.contains(.exec) {
            var program = JudgingProgram.standard
            program.read(fields)
            program.$command = Exec.command(fields)
            judge.$program = judge.judges.map { _ in program }
        }
        self.judge = judge
        validation = JudgeValidation(reading: fields, references: references)
        JudgeChecks(judge: judge, fields: fields).run()
    }

    private static func question(_ fields: Fields, _ endpoint: EndpointSection?) -> ModelQuestion {
        var question = ModelQuestion.standard
        question.read(fields)
        question.$rubric = fields.standard("rubric", nil)
        if let node = fields.node("rubric") {
            var rubric = Rubric.standard
            rubric.read(fields.section(Definition.rubric))
            question.$rubric = Spanned(rubric, at: node.span, field: fields.fullName(of: "rubric"))
        }
        question.$endpoint = fields.standard("endpoint", endpoint?.parameters)
        return question
    }
}

/// The judges of a recipe, in one of three forms: a word, a mapping, or a list of these in the order of being asked.
private struct JudgeChain {
    /// As one mapping has them.
    private(set) var entries: [Node.Entry] = []

    init(_ node: Node, _ findings: Findings) {
        guard let elements = node.sequence else {
            entries = node.mapping ?? [Node.Entry(named: "kind", node)]
            return
        }
        var kinds: [Node] = []
        for element in elements {
            guard let members = element.mapping else {
                kinds.append(element)
                continue
            }
            if let kind = members.first(where: { $0.name == "kind" }) {
                kinds.append(kind.value)
            } else {
                findings.report(
                    .missingField("kind", in: "a judge of the list", at: element.span, help: "add 'kind: model'"))
            }
            for member in members where member.name != "kind" { add(member, findings) }
        }
        guard let last = kinds.last else {
            findings.report(.emptyList("judge", at: node.span))
            return
        }
        add(Node.Entry(named: "kind", last), findings)
        let checks = Node(.sequence(Array(kinds.dropLast())), at: node.span)
        if kinds.count > 1 { add(Node.Entry(named: "checks", checks), findings) }
    }

    /// Judges of one list have each field once.
    private mutating func add(_ member: Node.Entry, _ findings: Findings) {
        guard let first = entries.first(where: { $0.name == member.name }) else {
            entries.append(member)
            return
        }
        findings.report(
            .conflict, "two judges of the list have a '\(Diagnostic.shortened(member.name))'", at: member.key.span,
            secondary: [.init(first.key.span)], help: "keep one of the two")
    }
}

/// `judge.validate`: labels that the judge must agree with.
package struct JudgeValidation: Sendable {
    /// The source of the labels.
    package let labels: Spanned<String>
    package let gate: JudgeGate

    enum Definition {
        static let labels = Field.text("labels", required: true, "The source of answers that people judged.")
        static let mapping = MappingDefinition(
            "judge.validate",
            "Answers that people judged, and how often the judge must agree; `validate: SOURCE` is short for `{labels: SOURCE}`.",
            [labels] + JudgeGate.fields())
        static let field = RawField("validate", .either([.text, .mapping(mapping)]), mapping.documentation)
    }

    init?(reading judge: Fields, references: References) {
        let short = Definition.labels.name
        guard let fields = judge.section(Definition.field, Definition.mapping, orValueOf: short) else { return nil }
        labels = fields.requiredReference(Definition.labels, among: references)
        if fields.entries.isEmpty {
            fields.report(
                .missingField(
                    "labels", in: fields.owner, at: fields.anchor, help: "add 'labels: SOURCE', a name under 'sources'"))
        }
        var gate = JudgeGate.standard
        gate.read(fields)
        self.gate = gate
    }
}
