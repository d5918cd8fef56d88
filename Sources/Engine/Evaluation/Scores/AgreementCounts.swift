/// How often two judges of the same answers accept and reject them, and how much of their agreement is more than chance.
package struct AgreementCounts: Hashable, Sendable {
    package private(set) var bothAccept = 0
    package private(set) var firstAlone = 0
    package private(set) var secondAlone = 0
    package private(set) var bothReject = 0

    package init() {}

    package init(bothAccept: Int, firstAlone: Int, secondAlone: Int, bothReject: Int) {
        (self.bothAccept, self.firstAlone) = (bothAccept, firstAlone)
        (self.secondAlone, self.bothReject) = (secondAlone, bothReject)
    }

    package mutating func add(_ first: Bool, _ second: Bool) {
        switch (first, second) {
        case (true, true): bothAccept += 1
        case (true, false): firstAlone += 1
        case (false, true): secondAlone += 1
        case (false, false): bothReject += 1
        }
    }

    package var compared: Int { agreeing + firstAlone + secondAlone }
    package var agreeing: Int { bothAccept + bothReject }

    /// The share of answers on which they agree; `nil` without answers.
    package var share: Double? { compared == 0 ? nil : Double(agreeing) / Double(compared) }

    /// The shares that each of them accepts; `nil` without answers.
    package var firstShare: Double? { compared == 0 ? nil : Double(bothAccept + firstAlone) / Double(compared) }
    package var secondShare: Double? { compared == 0 ? nil : Double(bothAccept + secondAlone) / Double(compared) }

    /// Cohen's κ = (p − e) / (1 − e): p the share on which they agree, e the share on which they would by chance, if each
    /// accepted as often as they do (Cohen, 1960). `nil` where both always say one and the same.
    package var kappa: Double? {
        guard let share, let first = firstShare, let second = secondShare else { return nil }
        return Self.kappa(share: share, first, second)
    }

    /// κ of the share on which two agree, and the shares that each accepts.
    package static func kappa(share: Double, _ first: Double, _ second: Double) -> Double? {
        let chance = first * second + (1 - first) * (1 - second)
        return chance < 1 ? (share - chance) / (1 - chance) : nil
    }
}
