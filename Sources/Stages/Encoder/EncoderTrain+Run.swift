import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension EncoderTrain: RunnableStage {
    /// What a reader of frames needs beside the heads.
    static let frames = File<JSON>("frames.json")
    private static let summary = File<JSON>("summary.json")
    /// The head that ranks functions.
    static let functionHead = "functions"

    package static let artifact: [Output] =
        [.model, .named("vocab.txt", isOptional: true), .named("sentence_bert_config.json", isOptional: true)]
        + [
            .named(EncoderHead.file), .file(frames, isOptional: true), .file(TrainingCurve.file), .figures(summary),
        ]

    package func run(in context: StageContext) throws {
        let rows = try context.readLabelled(DataFiles.train).filter { !$0.isPassage }
        guard rows.contains(where: { !$0.answers.isEmpty }) else {
            throw StageFailure("no training row calls a function, so there is nothing for an encoder to learn")
        }
        let (seed, options) = (UInt64(bitPattern: Int64(training.seed)), TrainingOptions(training))
        try context.withPublishedFiles(of: "encoder") { files in
            let folder = try files.encoder()
            let lessons = try lessons(from: rows, folder: folder, seed: seed)
            let trainer = try EncoderTrainer(
                lessons.encoder, on: lessons.examples, options: options, workers: context.workers)
            let curve = try context.run(trainer, steps: training.steps)
            try trainer.trained.write(to: context.output(""), filesFrom: folder)
            if let labels = lessons.frames { try context.write(labels.json, to: Self.frames) }
            try context.write(curve.lines, to: TrainingCurve.file)
            try context.write(summary(of: rows, lessons), to: Self.summary)
        }
    }

    private struct Lessons {
        let encoder: TunedEncoder
        let examples: [EncoderExample]
        var frames: FrameLabels?
    }

    private func lessons(from rows: [Row], folder: URL, seed: UInt64) throws -> Lessons {
        switch labels {
        case .functions:
            let names = Set(rows.flatMap { $0.answers.map(\.name) }).sorted()
            let head = EncoderHead(Self.functionHead, reading: .text, labels: names, isExclusive: false)
            let encoder = try TunedEncoder(readingFolder: folder, adding: [head], seed: seed)
            let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, Int32($0.offset)) })
            let examples = rows.map { row in
                EncoderExample(
                    tokens: encoder.tokenizer.encode(row.query, atMost: encoder.sequenceLimit),
                    targets: [Set(row.answers.compactMap { places[$0.name] }).sorted()])
            }
            return Lessons(encoder: encoder, examples: examples)
        case .frames:
            let labels = FrameLabels(rows, FunctionDomains(domains ?? [:]))
            let encoder = try TunedEncoder(readingFolder: folder, adding: labels.heads, seed: seed)
            return Lessons(encoder: encoder, examples: rows.map { labels.example(of: $0, encoder) }, frames: labels)
        }
    }

    private func summary(of rows: [Row], _ lessons: Lessons) -> JSON {
        var members: [String: JSON] = [
            "rows": .count(rows.count),
            "labels": .object(
                Dictionary(uniqueKeysWithValues: lessons.encoder.heads.map { ($0.name, JSON.count($0.labels.count)) })),
        ]
        if let frames = lessons.frames { members["rows_with_several_calls"] = .count(frames.cutRows) }
        return .object(members)
    }
}

extension TrainingOptions {
    fileprivate init(_ training: EncoderTraining) {
        self.init(
            steps: training.steps, batch: training.batch, learningRate: training.learningRate, optimizer: .adamW,
            warmup: training.warmup, weightDecay: training.weightDecay, seed: UInt64(bitPattern: Int64(training.seed)))
        schedule = training.schedule
        decay = training.decay ?? LearningRateSchedule.standardDecay
    }
}

extension StageContext {
    /// Runs the remaining steps of an encoder's training. A checkpoint holds the trainer's state and the curve.
    fileprivate func run(_ trainer: EncoderTrainer, steps: Int) throws -> TrainingCurve {
        var curve = TrainingCurve()
        checkpoint?.resume { file in
            let kept = try TrainingCurve(file)
            try trainer.restore(LearnerState(file, step: kept.steps.count))
            curve = kept
        }
        while trainer.step < steps {
            curve.append(trainer.advance())
            report(
                .init(
                    done: trainer.step, total: steps, unit: "step",
                    readings: curve.steps.last.map { ["loss": $0.loss] } ?? [:]))
            try checkpoint?.offer(done: trainer.step, bytes: trainer.storedBytes) {
                trainer.storedState.merging(curve.tensors) { $1 }
            }
        }
        trainer.releaseActivations()
        if let last = curve.steps.last, !last.loss.isFinite {
            throw StageFailure("the loss is not a number any more; lower the learning rate")
        }
        return curve
    }
}
