import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// An imported student before its first step, without the tokens that its rows do not need.
    mutating func addVocabulary(
        _ kept: Spanned<KeptVocabulary>, of start: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel {
        var kind = PruneVocabulary.standard
        kind.$vocabulary = kept
        let rows = LoweredCalibration(
            input: .init(name: "data", stage: base.lessons(of: start)), set: kind.$set, prompt: base.prompt,
            length: Spanned(wrappedValue: nil), isText: false)
        return try addVocabulary(kind, on: rows, of: start, .named("student.vocabulary"), base)
    }

    /// A model without the tokens that the texts of its domain do not need.
    mutating func addVocabulary(
        _ kind: PruneVocabulary, on texts: LoweredCalibration, of model: LoweredModel, _ title: StageTitle, _ base: LoweredBase
    ) throws -> LoweredModel {
        var kind = kind
        (kind.$set, kind.$prompt) = (texts.set, texts.prompt)
        var inputs = [Stage.Input(name: "model", stage: model.stage), texts.input]
        if !texts.isText {
            kind.$answer = base.styled(base.pipeline.writtenAnswers)
            let others = try otherRows(than: texts.input.stage, base)
            inputs += others.enumerated().map { .init(name: "data.\($0)", stage: $1) }
        }
        var pruned = model
        pruned.stage = try builder.add(kind, title, inputs: inputs)
        pruned.vocabulary = pruned.stage
        return pruned
    }

    /// What else prompts and answers are made of: the rows as a teacher's prompts show them, and other data that steps name.
    private mutating func otherRows(than rows: StageID, _ base: LoweredBase) throws -> [StageID] {
        var seen: Set<StageID> = [rows, base.data]
        var others = [base.teacherData]
        for step in base.pipeline.studentSteps { others.append(try self.base(of: step, base).data) }
        return others.filter { seen.insert($0).inserted }
    }

    /// The teacher of a student that has lost tokens, without them too: what it says is then of the tokens that the student has.
    /// Losses across vocabularies need no such teacher.
    mutating func add(_ teacher: LoweredModel, over student: LoweredModel, _ step: Transfer.Step) throws -> LoweredModel {
        guard step.needsEqualTokens, let vocabulary = student.vocabulary, vocabulary != teacher.vocabulary else {
            return teacher
        }
        var pruned = teacher
        pruned.stage = try builder.add(
            PruneVocabulary.standard, .after(teacher.stage, ".vocabulary"),
            inputs: [.init(name: "model", stage: teacher.stage), .init(name: "tokenizer", stage: vocabulary)])
        pruned.vocabulary = vocabulary
        return pruned
    }
}

extension Pipeline {
    /// What answers by rule consist of: reasonings too, where a strategy has a `*`. No rule makes those that a teacher behind an
    /// endpoint gives.
    var writtenAnswers: AnswerStyle {
        teacher.endpoint == nil && studentSteps.contains { $0.star != nil } ? .reasoning : .call
    }
}

extension PruneVocabulary {
    /// `used tokens`, `8192 tokens`, `25% of tokens`: how many stay.
    var amountLabel: String {
        switch vocabulary {
        case .used, .tokens: "\(vocabulary.spelling) tokens"
        case .share: "\(vocabulary.spelling) of tokens"
        }
    }
}
