import BuildModel
import CanonicalJSON
import Foundation

/// The files through which a stage asks a model behind a server, since it has no network.
package struct QuestionFiles: Sendable {
    /// Written by the stage: the body of a request on each line.
    let questions: URL
    /// Written before the stage runs again: a `ChatExchange` on each line.
    let answers: URL

    package init(questions: URL, answers: URL) { (self.questions, self.answers) = (questions, answers) }
}

/// Ends a stage that has open questions. The next run, with their answers, continues.
package struct StageQuestions: Error, Hashable, Sendable, CustomStringConvertible {
    package var count: Int

    package var description: String { "asks \(count) questions; the next run goes on with their answers" }
}

/// A stage whose questions follow from its inputs alone: a plan can count them.
package protocol QuestioningStage: RunnableStage {
    func questions(in context: StageContext) throws -> [ChatQuestion]
}

extension StageContext {
    /// What a server was asked and answered.
    static let exchanges = File<[JSON]>(ChatExchange.fileName)

    /// The answers of a model behind a server, in the order of the questions. Equal questions have one answer.
    ///
    /// - Throws: `StageQuestions` where there are questions without an answer; a stage does not catch it.
    func answers(to questions: [ChatQuestion]) throws -> [ChatExchange] {
        guard let files = questionFiles else {
            throw StageFailure("this stage asks a model behind a server, and nobody is there to answer")
        }
        let known = try knownAnswers(in: files.answers)
        var asked: Set<Digest> = []
        let open = questions.filter { known[$0.key] == nil && asked.insert($0.key).inserted }
        guard open.isEmpty else {
            var bytes: [UInt8] = []
            for question in open { bytes += question.body + [UInt8(ascii: "\n")] }
            try Data(bytes).write(to: files.questions)
            throw StageQuestions(count: open.count)
        }
        return questions.compactMap { known[$0.key] }
    }

    /// Writes the exchanges that a stage used: each once, in the order of the questions.
    func write(exchanges: [ChatExchange]) throws {
        var seen: Set<Digest> = []
        try write(exchanges.filter { seen.insert($0.key).inserted }.map(\.json), to: Self.exchanges)
    }

    private func knownAnswers(in file: URL) throws -> [Digest: ChatExchange] {
        guard let content = FileManager.default.contents(atPath: file.path) else { return [:] }
        var known: [Digest: ChatExchange] = [:]
        for (index, line) in [UInt8](content).split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let exchange = ChatExchange(line: line) else {
                throw StageFailure("\(file.lastPathComponent), line \(index + 1), is no answer to what it says was asked")
            }
            known[exchange.key] = exchange
        }
        return known
    }
}
