import BuildModel
import Foundation

/// Asks models behind servers on behalf of stages, which have no network.
package protocol EndpointClient: Sendable {
    /// Answers the questions of a stage, from what is recorded or by asking.
    ///
    /// - Parameters:
    ///   - questions: a file with the body of a request a line (`ChatQuestion`).
    ///   - answers: a file that is made, with a `ChatExchange` a line, in the same order.
    ///   - onWait: told when another process asks the same model, and this one has to wait.
    /// - Throws: a sentence for people where an answer cannot be had; what was answered is recorded all the same.
    func answer(
        _ questions: URL, at access: EndpointAccess, into answers: URL,
        onProgress: @escaping @Sendable (StageProgress) -> Void, onWait: @escaping @Sendable () -> Void
    ) async throws
}
