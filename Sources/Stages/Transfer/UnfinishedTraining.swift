import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

/// A training that has no result yet, as its last checkpoint has it.
package struct UnfinishedTraining {
    /// What the model says by now to a question.
    package struct Answer: Hashable, Sendable {
        package var query: String
        package var response: String
        /// What it is to learn; `nil` where nobody knows.
        package var reference: String?
    }

    /// Steps that the checkpoint has done.
    package let steps: Int
    /// The lines that `curve.jsonl` has so far.
    package let curve: [JSON]
    private let action: Action
    /// Of what is trained.
    private let values: [Float]
    private let context: StageContext

    /// - Parameters:
    ///   - inputs: the folder of the stage's inputs.
    ///   - checkpoint: the folder of its checkpoint.
    /// - Returns: `nil` where there is no checkpoint of a training.
    /// - Throws: where the checkpoint is damaged, or of another action.
    package init?(of action: Action, inputs: URL, checkpoint: URL, threads: Int) throws {
        guard let state = try CheckpointFile(directory: checkpoint, action: action).read(),
            let curve = try? TrainingCurve(state.tensors)
        else { return nil }
        steps = curve.steps.count
        self.curve = curve.lines
        self.action = action
        values = try LearnerState.trainedValues(in: state.tensors)
        // Nothing is written.
        context = StageContext(
            inputs: inputs, outputs: inputs, threads: threads, products: (try? ProductPrecision(action.numerics)) ?? .float32,
            reportProgress: { _ in })
    }

    /// What the model of the checkpoint answers to the first rows of a set, taking the most probable token each time.
    ///
    /// - Returns: the set, `valid` where the stage sees rows of it; `nil` where the stage trains no model that answers.
    package func answers(to count: Int) throws -> (set: String, answers: [Answer])? {
        guard let kind = try StageCatalogue.standard.stage(for: action) as? any TrainingKind else { return nil }
        // Of the options, these alone decide which weights were trained, and from where.
        var options = TrainingOptions(
            steps: 1, batch: 1, learningRate: 1, seed: UInt64(bitPattern: Int64(kind.training.seed)))
        options.adaptation = kind.training.adaptation
        let model = try context.modelFolder("model").unpaddedModel().trained(
            to: values, options: options, workers: context.workers)
        var inference = InferenceModel(model)
        inference.products = context.products
        let generator = Generator(inference, workers: context.workers)
        if context.hasInput("data") { return try answers(to: count, of: kind.training, generator) }
        guard context.hasInput("logits") else { return nil }
        return (RowSets.training, try capturedAnswers(to: count, generator))
    }

    private func answers(
        to count: Int, of training: TrainingParameters, _ generator: Generator
    ) throws -> (set: String, answers: [Answer]) {
        func word<Choice: Word>(_ name: String) -> Choice? { action.parameters[name]?.string.flatMap { Choice(rawValue: $0) } }
        let format = training.validation?.answer ?? word("answer") ?? AnswerStyle.call
        let reader = try context.responseRows(training.validation?.prompt ?? word("prompt") ?? PromptStyle.query, format)
        let (set, rows) = try shownRows(count)
        let options = GenerationOptions(
            maximumTokens: format.usualTokens, stopTokens: Set(reader.prompts.endTokens))
        let said = try generator.generate(reader.prompts(of: rows, constrained: false), options: options)
        var answers: [Answer] = []
        for (row, said) in zip(rows, said) {
            var answer = Answer(query: row.query, response: reader.prompts.response(of: said).text)
            if !row.isUnlabelled { answer.reference = try reader.task.response(to: row, in: format) }
            answers.append(answer)
        }
        return (set, answers)
    }

    /// The first rows that ask something, of the set `valid` where there are some.
    private func shownRows(_ count: Int) throws -> (set: String, rows: [Row]) {
        let valid = DataFiles.valid
        if FileManager.default.fileExists(atPath: context.input("data", valid.name).path) {
            let rows = try context.read(valid, from: "data").filter { !$0.isPassage }
            if !rows.isEmpty { return (RowSet.valid.rawValue, Array(rows.prefix(count))) }
        }
        let rows = try context.read(DataFiles.train, from: "data").filter { !$0.isPassage }
        return (RowSets.training, Array(rows.prefix(count)))
    }

    /// To prompts of which a teacher's logits were captured; the stage sees no others.
    private func capturedAnswers(to count: Int, _ generator: Generator) throws -> [Answer] {
        let tokenizer = try context.modelFolder("model").tokenizer()
        let examples = try context.read(KDCapture.logits, from: "logits").examples.prefix(count)
        let prompts = examples.map { GenerationPrompt(Array($0.tokens.prefix($0.promptLength))) }
        let options = GenerationOptions(
            maximumTokens: AnswerStyle.reasoning.usualTokens, stopTokens: Set(examples.compactMap(\.tokens.last)))
        let responses = try generator.generate(prompts, options: options)
        return zip(examples, responses).map { example, said in
            Answer(
                query: tokenizer.decode(example.tokens.prefix(example.promptLength).map(Int.init)),
                response: said.text(with: tokenizer), reference: tokenizer.decode(example.response.map(Int.init)))
        }
    }
}
