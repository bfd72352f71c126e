import { testLessons } from "./lessons";

testLessons(0);
