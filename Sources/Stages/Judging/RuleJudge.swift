import Engine
import Words

/// The rules of a task.
struct RuleJudge: ResponseJudge {
    let rules: AnswerJudge
    let task: any AnswerTask
    let isOpinion = false

    func opinions(on responses: [JudgedResponse]) -> [Opinion] {
        responses.map { Opinion(verdict: $0.verdict(by: rules, task)) }
    }
}

/// Accepts what could be right: a response in the style of answers, whose answer a row like this one could want.
struct FormatJudge: ResponseJudge {
    let task: any AnswerTask
    let isOpinion = false

    func opinions(on responses: [JudgedResponse]) -> [Opinion] {
        responses.map { Opinion(verdict: fault(of: $0).map(Verdict.rejected) ?? .accepted) }
    }

    private func fault(of response: JudgedResponse) -> String? {
        if let fault = response.fault { return fault }
        switch response.format.answer(in: response.response) {
        case .failure(let error): return error.description
        case .success(let answer): return task.formFault(in: answer, to: response.row)
        }
    }
}
