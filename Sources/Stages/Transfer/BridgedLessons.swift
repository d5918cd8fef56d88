import Engine
import Kinds
import Words

/// What a student learns from teachers whose tokens may be others.
struct BridgedLessons {
    let model: Model
    let examples: [TrainingExample]
    let loss: BridgingLoss
}

extension StageContext {
    /// The student's own examples, each with what the teachers say of the same response.
    ///
    /// - Parameter inputs: of `kd.capture`, on the same rows as the inputs `data` and `judged`.
    func bridgedLessons(from inputs: [String], for kind: KDTrain, weights: [Double]) throws -> BridgedLessons {
        guard hasInput("data") else {
            throw StageFailure("ULD and GOLD need the input 'data', whose answers the student reads in tokens of its own")
        }
        let rows = try responseRows(kind.prompt, kind.answer)
        let lessons = try lessons(rows, answer: kind.answer)
        if let passage = lessons.first(where: { $0.response == nil }) {
            throw StageFailure(
                "the row '\(passage.row.id)' is a passage, and ULD and GOLD compare answers; take the text out, or write KD[FKL]"
            )
        }
        var examples = try lessons.map { try rows.example(of: $0) }
        let tokenizer = rows.prompts.tokenizer
        var shared: [SharedTokens] = []
        for input in inputs {
            let teacher = try modelFolder(input).tokenizer()
            let captured = try read(KDCapture.logits, from: input).examples
            try checkThatFormsAreEqual("model", input, answers: captured)
            guard captured.count == examples.count else {
                throw StageFailure(
                    "\(input) has \(captured.count) answers and the student \(examples.count); both must be of the same 'data' and "
                        + "'judged'")
            }
            shared.append(
                SharedTokens(
                    student: tokenizer, teacher: teacher,
                    ends: zip(examples.first?.tokens.last, captured.first?.tokens.last)))
        }
        let loss = BridgingLoss(
            kind.loss, temperature: kind.temperature, tail: kind.tail, sharedWeight: kind.sharedWeight,
            matchesPieces: kind.matchPieces, teacherWeights: weights,
            shared: shared)
        for input in inputs {
            try add(read(KDCapture.logits, from: input).examples, of: input, to: &examples, tokenizer, loss)
        }
        return BridgedLessons(model: try modelFolder("model").unpaddedModel(), examples: examples, loss: loss)
    }

    /// Aligns a teacher's answers with the student's.
    private func add(
        _ captured: [TrainingExample], of input: String, to examples: inout [TrainingExample], _ tokenizer: Tokenizer,
        _ loss: BridgingLoss
    ) throws {
        let teacher = try modelFolder(input).tokenizer()
        var others = 0
        for (index, example) in captured.enumerated() {
            // Every answer ends with the token that its model ends answers with.
            let own = SpelledResponse(examples[index].response, hasEnd: true, with: tokenizer)
            let spelled = SpelledResponse(example.response, hasEnd: true, with: teacher)
            guard let logits = example.teacher else { continue }
            if !own.agrees(with: spelled) { others += 1 }
            examples[index].foreignTeachers.append(
                ForeignTeacher(tokens: Array(example.response), logits: logits, spans: loss.spans(own, spelled)))
        }
        if others > 0 {
            log(
                "\(others) of \(captured.count) answers are other texts in the tokens of \(input) than in the student's; "
                    + "GOLD compares each up to where they differ")
        }
        if !examples.contains(where: { !($0.foreignTeachers.last?.spans.isEmpty ?? true) }) {
            throw StageFailure(
                "no answer of \(input) has a piece of text in common with the student's; are they of the same rows?")
        }
    }

    private func zip(_ student: Int32?, _ teacher: Int32?) -> (student: Int32, teacher: Int32)? {
        student.flatMap { own in teacher.map { (own, $0) } }
    }
}
