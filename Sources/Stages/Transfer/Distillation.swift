import Engine
import Foundation
import Kinds

extension KDTrain: RunnableStage {
    package static let artifact: [Output] = .ofTraining

    package func run(in context: StageContext) throws {
        let weights = teacherWeights ?? [1]
        let inputs = weights.indices.map { $0 == 0 ? "logits" : "logits.\($0 - 1)" }
        if loss.bridgesVocabularies {
            let lessons = try context.bridgedLessons(from: inputs, for: self, weights: weights)
            return try context.train(
                lessons.model, on: lessons.examples, loss: lessons.loss, dropout: tokenDropout, parameters: training)
        }
        var examples: [TrainingExample] = []
        for (teacher, input) in inputs.enumerated() {
            try context.checkThatTokenizersAreEqual("model", input)
            let logits = try context.read(KDCapture.logits, from: input)
            try context.checkThatFormsAreEqual("model", input, answers: logits.examples)
            examples = teacher == 0 ? logits.examples : try Self.merge(logits.examples, into: examples, from: input)
        }
        if ownPrompts { examples = try context.joined(examples, for: self) }
        let loss = TransferLoss(
            loss, temperature: temperature, tail: tail, promptShare: promptShare,
            teacherWeights: weights)
        try context.train(
            context.modelFolder("model").unpaddedModel(), on: examples, loss: loss, dropout: tokenDropout, parameters: training)
    }

    /// Adds what another teacher says of the same sequences.
    private static func merge(
        _ others: [TrainingExample], into examples: [TrainingExample], from input: String
    ) throws(StageFailure) -> [TrainingExample] {
        guard others.map(\.tokens) == examples.map(\.tokens), others.map(\.promptLength) == examples.map(\.promptLength) else {
            throw StageFailure("\(input) is of other sequences than logits; all teachers must score the same answers")
        }
        return zip(examples, others).map { example, other in
            var example = example
            example.teachers += other.teachers
            return example
        }
    }
}

extension StageContext {
    /// A student learns from a teacher's logits token by token.
    func checkThatTokenizersAreEqual(_ student: String, _ teacher: String) throws {
        let tokenizers = try [student, teacher].map { try Data(contentsOf: input($0, ModelFiles.tokenizer)) }
        guard tokenizers[0] == tokenizers[1] else {
            throw StageFailure(
                "the student's tokenizer is not the teacher's, whose logits are of its own tokens; the losses ULD and GOLD allow "
                    + "another one: KD[GOLD]")
        }
    }
}

extension StageContext {
    /// A teacher's logits are of answers in one form, and the student's answers are read in one.
    ///
    /// - Parameter answers: what the logits are of; a folder of logits names no form where they are in Decant's, or reasonings.
    func checkThatFormsAreEqual(_ student: String, _ teacher: String, answers: [TrainingExample] = []) throws {
        try checkThatFormIsEqual(student, to: modelFolder(teacher).callFormName(), answers: answers)
    }

    /// - Parameter form: of the teacher's answers; `nil` for Decant's.
    func checkThatFormIsEqual(_ student: String, to form: String?, answers: [TrainingExample]) throws {
        let folder = modelFolder(student)
        let forms = (student: try folder.callFormName(), teacher: form)
        guard forms.student != forms.teacher else { return }
        if forms.teacher == nil, let first = answers.first {
            let tokenizer = try folder.tokenizer()
            let text = tokenizer.decode(first.tokens[first.promptLength...].map(Int.init))
            guard case .success = CallParser.calls(in: text) else { return }
        }
        func named(_ form: String?) -> String { form.map { "its own form '\($0)'" } ?? "Decant's form" }
        throw StageFailure(
            "the teacher calls functions in \(named(forms.teacher)), and the student in \(named(forms.student)): its logits are "
                + "of other tokens than the student's answers; write the same 'answer' beside both models")
    }
}

extension KDCapture: RunnableStage {
    static let logits = File<CapturedLogits>("logits.safetensors")
    package static let artifact: [Output] = [
        .file(logits), .named(ModelFiles.tokenizer), .named(ModelFiles.tokenizerSettings, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let rows = try context.responseRows(for: "teacher", prompt, answer)
        var examples = try context.examplesToLearn(rows, answer: answer)
        let places = places(among: examples)
        if places.count < examples.count {
            context.log("\(places.count) of \(examples.count) rows are captured: those that the training reads")
        }
        let captured = try context.unpaddedInferenceModel("teacher").captureLogits(
            places.map { examples[$0] }, k: k, of: wholeSequence ? .sequence : .response, workers: context.workers,
            checkpoint: context.resultCheckpoint(of: places.count, unit: "row"))
        guard captured.allSatisfy({ $0.logSumExp.allSatisfy(\.isFinite) }) else {
            throw StageFailure("the teacher's logits are not numbers; was it trained at too high a learning rate?")
        }
        for (place, logits) in zip(places, captured) { examples[place].teacher = logits }
        try context.write(CapturedLogits(examples), to: Self.logits)
        try context.copy(ModelFiles.tokenizer, from: "teacher")
        if rows.prompts.formName != nil { try context.copy(ModelFiles.tokenizerSettings, from: "teacher") }
    }

    /// The places of the examples that are captured, in rising order.
    private func places(among examples: [TrainingExample]) -> [Int] {
        guard let rows else { return Array(examples.indices) }
        // A training does not count what it leaves out.
        let fitted = examples.enumerated().compactMap { place, example in
            example.cut(to: maxLength ?? example.tokens.count).map { (place: place, example: $0) }
        }
        let training = TrainingOptions(
            steps: rows, batch: 1, learningRate: 1, seed: UInt64(bitPattern: Int64(seed ?? 0)))
        return EpochOrder.places(readBy: training, of: fitted.map(\.example)).map { fitted[$0].place }
    }
}

extension KDOnPolicy: RunnableStage {
    package static let artifact: [Output] = .ofTraining

    package func run(in context: StageContext) throws {
        let rows = try context.responseRows(prompt, answer)
        let data = try context.readLabelled(DataFiles.train)
        let fitted = try context.fitted(
            data.map { try rows.example(of: $0, format: answer) }, to: training
        ) { $0.cut(to: $1) }
        let examples = fitted.map(\.item)
        let asked = fitted.map { data[$0.place] }
        let student = try context.modelFolder("model").unpaddedModel()
        let teacher = try context.unpaddedInferenceModel("teacher")
        let sampling = OnPolicyTrainer.Sampling(
            fraction: fraction, maximumTokens: tokens, temperature: samplingTemperature, endTokens: rows.prompts.endTokens)
        let options = try context.trainingOptions(training, of: student, rows: examples.count)
        if answer == .call { try context.checkThatFormsAreEqual("model", "teacher") }
        let trainer: OnPolicyTrainer
        if loss.bridgesVocabularies {
            let own = try context.responseRows(for: "teacher", prompt, answer, of: teacherData(in: context))
            let translation = AnswerTranslation(student: rows.prompts, teacher: own.prompts)
            trainer = try OnPolicyTrainer(
                student, teacher: teacher, reading: teacherPrompts(for: asked, in: context), through: translation, on: examples,
                loss: BridgingLoss(
                    loss, temperature: temperature, sharedWeight: sharedWeight, matchesPieces: matchPieces,
                    shared: [translation.shared]),
                sampling: sampling, options: options, workers: context.workers)
        } else {
            try context.checkThatTokenizersAreEqual("model", "teacher")
            let prompts = context.hasInput("teacher_data") ? try teacherPrompts(for: asked, in: context) : nil
            trainer = try OnPolicyTrainer(
                student, teacher: teacher, reading: prompts, on: examples, loss: TransferLoss(loss, temperature: temperature),
                sampling: sampling, options: options, workers: context.workers)
        }
        try context.train(trainer.learner, parameters: training) { try trainer.advance() }
    }

    /// The input whose rows the teacher reads.
    private func teacherData(in context: StageContext) -> String { context.hasInput("teacher_data") ? "teacher_data" : "data" }

    /// The teacher's prompts of the student's rows, in its own tokens.
    private func teacherPrompts(for rows: [Row], in context: StageContext) throws -> [[Int32]] {
        let data = teacherData(in: context)
        let reader = try context.responseRows(for: "teacher", prompt, answer, of: data)
        if data == "data" { return try rows.map { try reader.prompt(of: $0) } }
        let known = Dictionary(uniqueKeysWithValues: try context.read(DataFiles.train, from: data).map { ($0.id, $0) })
        return try rows.map { row in
            guard let own = known[row.id] else {
                throw StageFailure("'teacher_data' has no training row '\(row.id)'; it must be another view of the same rows")
            }
            return try reader.prompt(of: own)
        }
    }
}
