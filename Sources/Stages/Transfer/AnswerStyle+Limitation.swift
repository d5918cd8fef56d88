import Engine
import Planner
import Words

extension AnswerStyle {
    /// Why answers of this style cannot be held to a grammar; `nil` where they can, or where it is not asked.
    func limitation(constrained: Bool?) -> String? {
        self == .reasoning && constrained == true ? "constrained answers with reasoning are not in this version yet" : nil
    }
}
