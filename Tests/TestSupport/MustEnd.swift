import Testing

extension Trait where Self == TimeLimitTrait {
    /// For what could go on for ever. It says nothing of speed: the time counts from when a test wants to begin, and on a busy
    /// machine many others come first.
    package static var mustEnd: Self { .timeLimit(.minutes(20)) }
}
