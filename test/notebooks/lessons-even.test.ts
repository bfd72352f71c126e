import { testLessons } from "./lessons";

testLessons(1);
