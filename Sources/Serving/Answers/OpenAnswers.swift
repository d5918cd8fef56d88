import CanonicalJSON
import Engine
import Foundation
import Synchronization

/// The answers to one request while they are made: asks the engine, hears of its tokens, and tells the client.
final class OpenAnswers: Sendable {
    fileprivate struct Choice {
        var ticket: AnswerTicket?
        var cachedTokens = 0
        var hasStarted = false
        var tokens: [ServedToken] = []
        var text: StreamedText
        var calls = CallStream()
        var callCount = 0
        /// Of the tokens, those behind events, and characters of the answer in these.
        var toldTokens = 0
        var toldCharacters = 0
        var hasOpened = false
        var answer: FinishedAnswer?
    }

    private struct State {
        var choices: [Choice]
        /// The question whether anything is called, and what of its prompt had been read before.
        var decision: AnswerTicket?
        var knownBefore: Int?
        /// Whether the stream has begun.
        var isTold = false
        /// Whether nothing more is to be told.
        var isOver = false
    }

    private let model: ServedModel
    /// For each answer, in the order of the request's prompts.
    private let questions: [Question]
    private let form: any AnswerForm
    private let sampling: Sampling
    private let call: APICall
    private let conduct: Conduct
    private let began = MonotonicTime.now
    private let state: Mutex<State>

    /// - Parameter questions: each is answered as often as the request says.
    init(
        _ questions: [Question], to model: ServedModel, in form: any AnswerForm, _ sampling: Sampling, _ call: APICall,
        _ conduct: Conduct
    ) {
        (self.model, self.form, self.sampling, self.call, self.conduct) = (model, form, sampling, call, conduct)
        self.questions = questions.flatMap { Array(repeating: $0, count: sampling.count) }
        let tokenizer = model.convention.prompts.tokenizer
        state = Mutex(
            State(choices: Array(repeating: Choice(text: StreamedText(tokenizer)), count: questions.count * sampling.count)))
    }

    /// Asks the engine for all answers.
    ///
    /// - Throws: why it takes them not. Nothing was told then.
    func begin() throws(AnswerRefusal) {
        guard case .generating(let engine, let decision) = model.method else {
            return fail(.unavailable("this model generates nothing"))
        }
        conduct.open.add(self)
        call.exchange.whenClientLeaves { [weak self] in self?.clientLeft() }
        do throws(AnswerRefusal) {
            if let decision, let question = questions.first, question.callingConstraint != nil {
                try submit(decision, question, to: engine)
            } else {
                try submit(to: engine, isCalling: false)
            }
        } catch {
            // Another one answers, or says why not.
            state.withLock { $0.isOver = true }
            conduct.open.remove(self)
            throw error
        }
    }

    /// Asks first whether anything is called.
    private func submit(_ decision: CallChoice, _ question: Question, to engine: AnswerEngine) throws(AnswerRefusal) {
        let ticket = try engine.submit(decision.request(after: question.prompt)) { [self] event in
            conduct.later { [self] in hear(event, of: decision, by: engine) }
        }
        let isWanted = state.withLock { state in
            state.decision = ticket
            return !state.isOver
        }
        if !isWanted { engine.cancel(ticket) }
    }

    /// Asks for calls, or refuses, as the engine finds the probability of no call.
    private func hear(_ event: AnswerEvent, of decision: CallChoice, by engine: AnswerEngine) {
        guard !state.withLock(\.isOver) else { return }
        switch event {
        case .started(let cachedTokens): state.withLock { $0.knownBefore = cachedTokens }
        case .tokens: break
        case .ended(let answer) where decision.isCalled(by: answer):
            do throws(AnswerRefusal) {
                try submit(to: engine, isCalling: true)
            } catch {
                fail(APIError(error))
            }
        case .ended: refuse()
        case .failed: hear(event, of: 0)
        }
    }

    private func submit(to engine: AnswerEngine, isCalling: Bool) throws(AnswerRefusal) {
        for (index, question) in questions.enumerated() {
            let request = question.request(item: index % sampling.count, isCalling: isCalling)
            do throws(AnswerRefusal) {
                let ticket = try engine.submit(request) { [self] event in
                    conduct.later { [self] in hear(event, of: index) }
                }
                let isWanted = state.withLock { state in
                    state.choices[index].ticket = ticket
                    return !state.isOver
                }
                if !isWanted { engine.cancel(ticket) }
            } catch {
                cancel()
                guard state.withLock(\.isTold) else { throw error }
                return conduct.later { [self] in fail(APIError(error)) }
            }
        }
    }

    /// Tells that nothing is called.
    private func refuse() {
        let known = state.withLock(\.knownBefore) ?? 0
        for index in questions.indices { finish(FinishedAnswer(refusing: questions[index], cachedTokens: known), of: index) }
    }

    private func hear(_ event: AnswerEvent, of index: Int) {
        guard !state.withLock(\.isOver) else { return }
        switch event {
        case .started(let cachedTokens):
            state.withLock { state in
                // What a decision has read was not known before the request.
                let known = min(cachedTokens, state.knownBefore ?? cachedTokens)
                (state.choices[index].cachedTokens, state.choices[index].hasStarted) = (known, true)
            }
        case .tokens(let tokens):
            for token in tokens { add(token, of: index) }
        case .ended(let sequence):
            let (tokens, cached) = state.withLock { ($0.choices[index].tokens, $0.choices[index].cachedTokens) }
            finish(
                FinishedAnswer(
                    sequence, to: questions[index], tokens: tokens, cachedTokens: cached, item: index % sampling.count),
                of: index)
        case .failed(let reason):
            conduct.engineFailed(model, reason)
            fail(.unavailable("the engine could not answer: \(reason)", retryAfter: 1))
        }
    }

    // MARK: Telling

    /// Tells of a token. How many come in one step depends on what else is asked; the events of a stream must not.
    private func add(_ token: ServedToken, of index: Int) {
        let question = questions[index]
        let deltas = state.withLock { state -> [AnswerDelta] in
            state.choices[index].tokens.append(token)
            if state.choices[index].tokens.count == 1 { call.entry.firstToken() }
            guard sampling.isStreamed else { return [] }
            switch question.manner {
            case .words:
                let part = state.choices[index].text.add(CollectionOfOne(token.token))
                return part.isEmpty ? [] : [.text(part)]
            case .calls:
                let bytes = question.tokenizer.bytes(of: CollectionOfOne(Int(token.token)))
                let parts = state.choices[index].calls.add(bytes)
                return state.choices[index].deltas(parts, of: question, item: index % sampling.count)
            case .reading: return []
            }
        }
        tell(deltas, of: index)
    }

    private func finish(_ answer: FinishedAnswer, of index: Int) {
        if sampling.isStreamed { tell(lastDeltas(of: answer, index), of: index) }
        let answers = state.withLock { state -> [FinishedAnswer]? in
            state.choices[index].answer = answer
            let answers = state.choices.compactMap(\.answer)
            guard answers.count == state.choices.count, !state.isOver else { return nil }
            state.isOver = true
            return answers
        }
        guard let answers else { return }
        conduct.open.remove(self)
        let usage = TokenUsage(answers, toEachPrompt: sampling.count)
        call.entry.count(usage, end: answers.first?.end)
        if sampling.isStreamed {
            if sampling.tellsUsage { send(form.usageEvent(usage)) }
            call.exchange.send(Array("data: [DONE]\n\n".utf8))
            call.entry.end(status: 200)
            call.exchange.end()
        } else {
            call.respond(form.whole(answers, usage: usage))
        }
    }

    /// What was not told yet, and the end.
    private func lastDeltas(of answer: FinishedAnswer, _ index: Int) -> [AnswerDelta] {
        var deltas: [AnswerDelta] = []
        switch questions[index].manner {
        case .words:
            let rest = state.withLock { $0.choices[index].text.rest(of: answer.content) }
            if !rest.isEmpty { deltas.append(.text(rest)) }
        case .calls where state.withLock({ $0.choices[index].callCount > 0 }):
            // A limit may end an answer within a call.
            deltas += state.withLock { state -> [AnswerDelta] in
                let parts = state.choices[index].calls.rest()
                return state.choices[index].deltas(parts, of: questions[index], item: index % sampling.count)
            }
        case .calls, .reading:
            if let reasoning = answer.reasoning { deltas.append(.reasoning(reasoning)) }
            if !answer.content.isEmpty { deltas.append(.text(answer.content)) }
            for (number, call) in answer.calls.enumerated() {
                deltas.append(.call(number: number, id: call.id, name: call.name))
                deltas.append(.arguments(number: number, call.arguments))
            }
        }
        return deltas + [.end(answer.end)]
    }

    private func tell(_ deltas: [AnswerDelta], of index: Int) {
        guard !deltas.isEmpty else { return }
        let (events, isFirst) = state.withLock { state -> ([JSON], Bool) in
            guard !state.isOver else { return ([], false) }
            let isFirst = !state.isTold
            state.isTold = true
            return (state.choices[index].events(deltas, of: index, in: form), isFirst)
        }
        if isFirst {
            call.exchange.begin(
                WebResponse(200, type: "text/event-stream", headers: [(name: "Cache-Control", value: "no-cache")]))
        }
        for event in events { send(event) }
    }

    private func send(_ event: JSON) {
        call.exchange.send(Array("data: ".utf8) + event.writtenBytes + Array("\n\n".utf8))
    }

    // MARK: Ends that nobody wants

    /// Tells the client why its answers do not come. As all that is told, it is told on the conduct's queue.
    func fail(_ error: APIError) {
        let (isFirst, isTold) = state.withLock { state in
            defer { state.isOver = true }
            return (!state.isOver, state.isTold)
        }
        guard isFirst else { return }
        cancel()
        conduct.open.remove(self)
        guard isTold else { return call.respond(error.response) }
        call.entry.end(status: error.status)
        send(error.json)
        call.exchange.end()
    }

    private func clientLeft() {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        cancel()
        conduct.open.remove(self)
        // As servers write of clients that close a request.
        call.entry.end(status: 499)
    }

    /// Ends answers whose time is over.
    func check(_ limits: ServingLimits, at time: Double) {
        let hasStarted = state.withLock { $0.knownBefore != nil || $0.choices.contains(where: \.hasStarted) }
        if !hasStarted, time - began > limits.queueSeconds {
            fail(.unavailable("the request has waited for \(Int(limits.queueSeconds)) seconds", retryAfter: 5))
        } else if time - began > limits.answerSeconds {
            fail(.unavailable("the answer took more than \(Int(limits.answerSeconds)) seconds"))
        }
    }

    private func cancel() {
        guard let engine = model.engine else { return }
        let tickets = state.withLock { state in [state.decision].compactMap(\.self) + state.choices.compactMap(\.ticket) }
        for ticket in tickets { engine.cancel(ticket) }
    }
}

extension OpenAnswers.Choice {
    /// What parts of calls are told as.
    fileprivate mutating func deltas(_ parts: [CallStream.Part], of question: Question, item: Int) -> [AnswerDelta] {
        parts.map { part in
            switch part {
            case .name(let name):
                callCount += 1
                let id = FinishedAnswer.callID(callCount - 1, in: question.prompt, item: item)
                return .call(number: callCount - 1, id: id, name: name)
            case .arguments(let text): return .arguments(number: callCount - 1, text)
            }
        }
    }

    /// The events of deltas; the first has all tokens that were not told of.
    fileprivate mutating func events(_ deltas: [AnswerDelta], of index: Int, in form: any AnswerForm) -> [JSON] {
        var events: [JSON] = []
        if form.hasOpening, !hasOpened { events.append(form.event(.opening, of: index, behind: ToldTokens())) }
        hasOpened = true
        for delta in deltas {
            let behind = ToldTokens(tokens: Array(tokens[toldTokens...]), offset: toldCharacters)
            toldTokens = tokens.count
            if case .text(let text) = delta { toldCharacters += text.unicodeScalars.count }
            events.append(form.event(delta, of: index, behind: behind))
        }
        return events
    }
}
